// SPDX-License-Identifier: MIT
/*
 * Threads' lives: creation, end, joining, names. A thread is one run of pages: guard page, stack,
 * TLS block and struct thread at the top, so making one can fail in two places only. Never decides
 * who runs: that is sched.c.
 */
#include <xenolith/errno.h>
#include <xenolith/irq.h>
#include <xenolith/panic.h>
#include <xenolith/sched.h>
#include <xenolith/string.h>
#include <xenolith/trace.h>
#include <xenolith/types.h>

#include "sched_priv.h"

#define STACK_ALIGN 64

/* Collected by the linker script. */
extern void (*const __thread_exit_hooks_start[])(void);
extern void (*const __thread_exit_hooks_end[])(void);

struct thread thread_main = {.name = "main"};

uint32_t thread_next_id(void)
{
    static uint32_t last;

    last++;
    if (last == 0) {
        last = 1;
    }
    return last;
}

static void thread_start(void)
{
    struct thread *self = thread_current();

    sched_enter();
    self->fn(self->arg);
    thread_exit();
}

/* What lies above the stack proper in the same pages. */
static size_t overhead_bytes(void)
{
    return ALIGN_UP(sizeof(struct thread), STACK_ALIGN) + ALIGN_UP(tls_bytes(), STACK_ALIGN) + tls_align();
}

/*
 * Pages of stack for a request. The thread's own record and a small TLS block come out of what was
 * asked for, so that the default takes no odd page; a large TLS block gets pages of its own. 0: the
 * request is absurd.
 */
static size_t stack_pages(size_t stack_bytes)
{
    size_t overhead = overhead_bytes();

    if (stack_bytes == 0) {
        stack_bytes = THREAD_STACK_BYTES;
    }
    if (stack_bytes < PAGE_SIZE / 2 || overhead > PAGE_SIZE / 4) {
        if (stack_bytes > SIZE_MAX / 2) {
            return 0;
        }
        stack_bytes += overhead;
    }
    if (stack_bytes > SIZE_MAX / 2) {
        return 0;
    }
    return (stack_bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static void trace_name(const struct thread *t)
{
    uint64_t words[2];

    memcpy(words, t->name, sizeof(words));
    TRACE(TRACE_SCHED, TRACE_EV_THREAD, t->id, words[0], words[1]);
}

int thread_create(struct thread **out, const char *name, void (*fn)(void *arg), void *arg, size_t stack_bytes)
{
    size_t nr_pages = stack_pages(stack_bytes);
    struct thread_stack stack;
    struct thread *t;
    char *top;
    bool was;

    ASSERT(!in_upcall());
    if (nr_pages == 0 || thread_stack_alloc(&stack, nr_pages) != 0) {
        return -ENOMEM;
    }
    top = (char *)stack.top - ALIGN_UP(sizeof(*t), STACK_ALIGN);
    t = (struct thread *)top;
    memset(t, 0, sizeof(*t));
    if (tls_bytes() != 0) {
        top = (char *)ALIGN_DOWN((uintptr_t)top - tls_bytes(), MAX(tls_align(), (size_t)STACK_ALIGN));
        t->thread_pointer = tls_init(top);
    }
    t->id = thread_next_id();
    t->stack = stack;
    t->fn = fn;
    t->arg = arg;
    wait_queue_init(&t->joiners);
    memcpy(t->name, name, strnlen(name, sizeof(t->name) - 1));
    arch_context_init(&t->context, top, thread_start);
    sched_count_thread(1);
    trace_name(t);
    *out = t;

    was = upcall_save();
    sched_make_runnable(t);
    upcall_restore(was);
    return 0;
}

void thread_free(struct thread *t)
{
    struct thread_stack stack = t->stack;

    ASSERT(t->state == THREAD_DEAD && t != thread_current());
    sched_count_thread(-1);
    if (t != &thread_main) {
        thread_stack_free(&stack);
    }
}

void thread_exit(void)
{
    struct thread *self = thread_current();

    sched_check_may_block();
    for (void (*const *hook)(void) = __thread_exit_hooks_start; hook < __thread_exit_hooks_end; hook++) {
        (*hook)();
    }
    sched_end(self->detached);
}

int thread_join(struct thread *t)
{
    if (t == thread_current()) {
        return -EDEADLK;
    }
    ASSERT(!t->detached && !t->joined);
    t->joined = true;
    wait_event(&t->joiners, t->state == THREAD_DEAD);
    thread_free(t);
    return 0;
}

void thread_detach(struct thread *t)
{
    ASSERT(!t->detached && !t->joined);
    if (t->state == THREAD_DEAD) {
        thread_free(t);
    } else {
        t->detached = true;
    }
}

const char *thread_name(const struct thread *t)
{
    return t->name;
}

uint32_t thread_id(const struct thread *t)
{
    return t->id;
}

bool thread_stack_contains(const struct thread *t, uintptr_t addr, bool *guard)
{
    uintptr_t base = (uintptr_t)t->stack.base;

    *guard = addr >= base && addr < base + PAGE_SIZE;
    return addr >= base && addr < (uintptr_t)t->stack.top;
}
