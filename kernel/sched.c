// SPDX-License-Identifier: MIT
/*
 * The scheduler: one run queue, first in, first out. Owns who runs, the alarm and idling. Threads
 * change hands only in sched_switch(); upcalls merely append to the run queue or mark timers as
 * due. There is no idle thread: whoever blocks last idles on its own stack until somebody is
 * runnable.
 */
#include <xenolith/sched.h>

#include <xenolith/heap.h>
#include <xenolith/irq.h>
#include <xenolith/panic.h>
#include <xenolith/time.h>
#include <xenolith/timer.h>
#include <xenolith/trace.h>
#include <xenolith/types.h>

#include "sched_priv.h"

/**
 * struct sched_cpu - What one vCPU's scheduler knows.
 * @run_queue:      RUNNABLE threads. Upcalls off.
 * @timers_due:     The alarm came, or a deadline was seen to have passed. Upcalls off.
 * @alarm_ns:       What the alarm is set to; TIME_FOREVER once it came. It may be earlier than the
 *                  next timer (one that was cancelled), never later. Upcalls off.
 * @in_timers:      Timer callbacks run: they must not block.
 * @thread_pointer: What arch_tls_set() was last told.
 * @ended:          Left by the thread that switched away for good, for the next to free.
 */
struct sched_cpu {
    struct thread *current;
    struct list run_queue;
    uint64_t alarm_ns;
    bool timers_due;
    bool in_timers;
    void *thread_pointer;
    struct thread *ended;
    struct sched_stats stats;
};

static struct sched_cpu boot_cpu = {
    .current = &thread_main, /* so that a panic before sched_init() finds a name */
    .run_queue = LIST_INIT(boot_cpu.run_queue),
    .alarm_ns = TIME_FOREVER,
};

static inline struct sched_cpu *this_cpu(void)
{
    return &boot_cpu;
}

struct thread *thread_current(void)
{
    return this_cpu()->current;
}

void sched_make_runnable(struct thread *t)
{
    struct sched_cpu *cpu = this_cpu();

    t->state = THREAD_RUNNABLE;
    list_push_back(&cpu->run_queue, &t->link);
    cpu->stats.runnable++;
}

bool sched_wake(struct thread *t)
{
    if (t->state == THREAD_PREPARING) {
        t->state = THREAD_RUNNING;
    } else if (t->state == THREAD_BLOCKED) {
        sched_make_runnable(t);
    } else {
        return false;
    }
    this_cpu()->stats.wakes++;
    TRACE(TRACE_SCHED, TRACE_EV_WAKE, t->id, 0, 0);
    return true;
}

void sched_alarm_upcall(void)
{
    struct sched_cpu *cpu = this_cpu();

    cpu->timers_due = true;
    cpu->alarm_ns = TIME_FOREVER;
}

/* Call what is due. Upcalls off at entry and exit, on while the callbacks run. */
static void run_timers(struct sched_cpu *cpu)
{
    cpu->timers_due = false;
    cpu->in_timers = true;
    upcall_enable();
    timer_run_expired();
    upcall_disable();
    cpu->in_timers = false;
}

/*
 * Have the alarm come no later than the next timer. An alarm that is too early is left alone: waits
 * that end before their time-out, the common kind, then cost no hypercall. Upcalls off.
 */
static void set_alarm(struct sched_cpu *cpu)
{
    uint64_t deadline = timer_next_deadline();

    if (deadline >= cpu->alarm_ns) {
        return;
    }
    if (deadline <= time_monotonic_ns()) {
        cpu->timers_due = true;
        return;
    }
    cpu->alarm_ns = deadline;
    time_set_alarm(deadline);
}

/*
 * The next thread to run, out of the run queue. Upcalls off, but for the time that callbacks run or
 * Xen blocks us.
 */
static struct thread *pick_next(struct sched_cpu *cpu)
{
    struct list *first;

    for (;;) {
        if (cpu->timers_due) {
            run_timers(cpu);
        }
        /*
         * Timers that callbacks armed in the past wait for the next call, or they would starve the
         * threads.
         */
        set_alarm(cpu);
        first = list_pop_front(&cpu->run_queue);
        if (first != NULL) {
            cpu->stats.runnable--;
            return list_entry(first, struct thread, link);
        }
        if (cpu->timers_due) {
            continue;
        }
        cpu->stats.idle_blocks++;
        TRACE(TRACE_SCHED, TRACE_EV_IDLE, cpu->alarm_ns, 0, 0);
        arch_idle();
        upcall_disable();
    }
}

void sched_check_may_block(void)
{
    if (UNLIKELY(in_upcall() || this_cpu()->in_timers)) {
        panic("%s blocks in %s", this_cpu()->current->name, in_upcall() ? "an upcall" : "a timer's callback");
    }
}

/* After a switch, on the new thread's stack: the one that ended can go now. */
static void free_ended(void)
{
    struct sched_cpu *cpu = this_cpu();
    struct thread *ended = cpu->ended;

    if (UNLIKELY(ended != NULL)) {
        cpu->ended = NULL;
        thread_free(ended);
    }
}

void sched_switch(void)
{
    struct sched_cpu *cpu = this_cpu();
    struct thread *self = cpu->current;
    struct thread *next;

    next = pick_next(cpu);
    next->state = THREAD_RUNNING;
    if (next == self) {
        return;
    }
    cpu->stats.switches++;
    TRACE(TRACE_SCHED, TRACE_EV_SWITCH, self->id, next->id, 0);
    if (next->thread_pointer != cpu->thread_pointer) {
        cpu->thread_pointer = next->thread_pointer;
        arch_tls_set(next->thread_pointer);
    }
    cpu->current = next;
    arch_context_switch(&self->context, &next->context);
    free_ended();
}

void sched_enter(void)
{
    upcall_enable();
    free_ended();
}

void sched_end(bool reclaim)
{
    struct sched_cpu *cpu = this_cpu();

    upcall_disable();
    cpu->current->state = THREAD_DEAD;
    if (reclaim) {
        cpu->ended = cpu->current;
    } else {
        wait_wake_all(&cpu->current->joiners);
    }
    sched_switch();
    panic("thread %s runs after its end", cpu->current->name);
}

void thread_yield(void)
{
    bool was;

    sched_check_may_block();
    was = upcall_save();
    sched_make_runnable(this_cpu()->current);
    sched_switch();
    upcall_restore(was);
}

void thread_sleep_until(uint64_t deadline_ns)
{
    struct sched_cpu *cpu = this_cpu();
    uint64_t switches = cpu->stats.switches;
    struct wait_queue nobody_wakes;
    struct waiter waiter;

    wait_queue_init(&nobody_wakes);
    wait_prepare(&nobody_wakes, &waiter);
    (void)wait_block(deadline_ns);
    wait_finish(&waiter);
    /* The time may have been over before it could block: a sleep lets others run whatever happens. */
    if (cpu->stats.switches == switches) {
        thread_yield();
    }
}

void sched_count_thread(int change)
{
    this_cpu()->stats.threads += (unsigned int)change;
}

void sched_get_stats(struct sched_stats *out)
{
    *out = this_cpu()->stats;
    out->runnable++; /* the caller */
}

void sched_init(void *stack_low, void *stack_high)
{
    struct sched_cpu *cpu = this_cpu();
    size_t bytes = tls_bytes();

    thread_main.id = thread_next_id();
    thread_main.state = THREAD_RUNNING;
    thread_main.stack = (struct thread_stack){(char *)stack_low - PAGE_SIZE, stack_high};
    list_init(&thread_main.link);
    wait_queue_init(&thread_main.joiners);
    if (bytes != 0) {
        void *block = heap_aligned_alloc(tls_align(), bytes);

        if (block == NULL) {
            panic("no memory for the first thread's TLS (%zu bytes)", bytes);
        }
        thread_main.thread_pointer = tls_init(block);
        cpu->thread_pointer = thread_main.thread_pointer;
        arch_tls_set(cpu->thread_pointer);
    }
    sched_count_thread(1);
    TRACE(TRACE_SCHED, TRACE_EV_THREAD, thread_main.id, 0, 0);
}
