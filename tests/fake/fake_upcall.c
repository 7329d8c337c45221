// SPDX-License-Identifier: MIT
/*
 * The fake clock, the upcall and idling. Owns fake time: it moves only by fake_clock_advance(), by
 * fake_clock_step_ns and when everything blocks. Never looks at the host's clock.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include <arch/irq.h>
#include <arch/thread.h>
#include <fake.h>
#include <xenolith/irq.h>
#include <xenolith/time.h>

#define MAX_EVENTS 65536

struct fake_event {
    uint64_t when_ns;
    void (*fn)(void *arg);
    void *arg;
};

/* A section of its own: nothing else shares its page, so that fake_watch() can watch it. */
#define OWN_PAGE __attribute__((used, aligned(4096), section("shared_info_page")))
WEAK struct shared_info shared_info OWN_PAGE;
static char behind_shared_info[4096] OWN_PAGE;

struct fake_upcall_state fake_upcall_state;

uint64_t fake_now_ns = NS_PER_SEC;
uint64_t fake_clock_step_ns;
uint64_t fake_alarm_ns = TIME_FOREVER;
uint64_t fake_alarm_sets;
uint64_t fake_idles;

/* A stack, latest first, so that the next event is the last element. */
static struct fake_event events[MAX_EVENTS];
static size_t nr_events;
static bool alarm_fired;
static void (*upcall_fn)(void);
static bool (*idle_fn)(void);
static void (*deadlock_fn)(void);

/* kernel/sched.c's; absent from tests that do not link it. */
WEAK void sched_alarm_upcall(void);

static void clock_check(void)
{
    if (fake_now_ns >= fake_alarm_ns) {
        fake_alarm_ns = TIME_FOREVER;
        alarm_fired = true;
        fake_upcall_state.pending = true;
    }
    if (nr_events > 0 && events[nr_events - 1].when_ns <= fake_now_ns) {
        fake_upcall_state.pending = true;
    }
    if (fake_upcall_state.pending && !fake_upcall_state.masked) {
        fake_upcall_deliver();
    }
}

void fake_upcall_deliver(void)
{
    struct fake_upcall_state *s = &fake_upcall_state;

    while (s->pending && !s->masked && !s->inside) {
        s->pending = false;
        s->masked = true;
        s->inside = true;
        if (alarm_fired) {
            alarm_fired = false;
            if (sched_alarm_upcall != NULL) {
                sched_alarm_upcall();
            }
        }
        while (nr_events > 0 && events[nr_events - 1].when_ns <= fake_now_ns) {
            struct fake_event e = events[--nr_events];

            e.fn(e.arg);
        }
        if (upcall_fn != NULL) {
            upcall_fn();
        }
        s->inside = false;
        s->masked = false;
    }
}

void fake_event_at(uint64_t when_ns, void (*fn)(void *arg), void *arg)
{
    size_t i = nr_events;

    assert(nr_events < MAX_EVENTS);
    while (i > 0 && events[i - 1].when_ns <= when_ns) {
        events[i] = events[i - 1];
        i--;
    }
    events[i] = (struct fake_event){when_ns, fn, arg};
    nr_events++;
    clock_check();
}

void fake_upcall_set(void (*fn)(void))
{
    upcall_fn = fn;
}

void fake_upcall_raise(void)
{
    fake_upcall_state.pending = true;
    if (!fake_upcall_state.masked) {
        fake_upcall_deliver();
    }
}

void fake_clock_advance(uint64_t ns)
{
    fake_now_ns = ns > TIME_FOREVER - fake_now_ns ? TIME_FOREVER : fake_now_ns + ns;
    clock_check();
}

void fake_idle_set(bool (*fn)(void))
{
    idle_fn = fn;
}

void fake_deadlock_set(void (*fn)(void))
{
    deadlock_fn = fn;
}

void arch_idle(void)
{
    struct fake_upcall_state *s = &fake_upcall_state;

    if (!s->masked || s->inside) {
        fprintf(stderr, "fake: arch_idle() with upcalls %s\n", s->inside ? "running" : "on");
        abort();
    }
    fake_idles++;
    while (!s->pending) {
        uint64_t next = fake_alarm_ns;

        if (idle_fn != NULL && idle_fn()) {
            continue;
        }
        if (nr_events > 0 && events[nr_events - 1].when_ns < next) {
            next = events[nr_events - 1].when_ns;
        }
        if (next == TIME_FOREVER) {
            if (deadlock_fn == NULL) {
                fprintf(stderr, "fake: every thread blocks and nothing will ever wake one\n");
                abort();
            }
            deadlock_fn();
            continue;
        }
        if (next > fake_now_ns) {
            fake_now_ns = next;
        }
        clock_check();
    }
    upcall_enable();
}

WEAK bool in_upcall(void)
{
    return fake_upcall_state.inside;
}

WEAK uint64_t time_monotonic_ns(void)
{
    if (fake_clock_step_ns != 0) {
        fake_clock_advance(fake_clock_step_ns);
    }
    return fake_now_ns;
}

WEAK uint64_t time_wall_ns(void)
{
    return UINT64_C(1700000000) * NS_PER_SEC + fake_now_ns;
}

WEAK uint64_t time_tsc_to_ns(uint64_t tsc)
{
    return tsc;
}

WEAK void time_set_alarm(uint64_t deadline_ns)
{
    fake_alarm_sets++;
    fake_alarm_ns = deadline_ns;
    clock_check();
}
