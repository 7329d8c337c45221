// SPDX-License-Identifier: MIT
/*
 * Claim: a domain that floods an event channel slows us down and no more: upcalls never nest, the stack that they
 * interrupt is used no deeper than by one of them, the work goes on and its result is right, and other events come.
 * peer.c is the flood. A port of our own that raises itself in its handler is a second one.
 */
#include <xenolith/events.h>
#include <xenolith/irq.h>
#include <xenolith/sched.h>
#include <xenolith/wait.h>

#include "peer.h"

#define WANTED      1500u /* events of the flood to have seen; an emulated machine brings some hundred a second */
#define MOST_ROUNDS 2000000000ul
#define PAINTED     6144u
#define PAINT       0x5au
#define ONE_UPCALL  512u /* bytes that one upcall may leave on the stack that it interrupts */

static volatile unsigned long events;
static unsigned int depth, nested;
static uintptr_t lowest = UINTPTR_MAX, highest;

static void flooded(evtchn_port_t port, void *arg)
{
    uintptr_t sp = (uintptr_t)__builtin_frame_address(0);

    (void)port;
    (void)arg;
    nested += depth++ != 0;
    lowest = sp < lowest ? sp : lowest;
    highest = sp > highest ? sp : highest;
    events++;
    depth--;
}

/* ---- The stack below the working thread, painted ---- */

static unsigned long expected(unsigned long rounds)
{
    unsigned long x = 1;

    for (unsigned long i = 0; i < rounds; i++) {
        x = x * 6364136223846793005ul + 1442695040888963407ul;
    }
    return x;
}

/* Works until the flood has shown WANTED events; nothing here calls, so what lies below is the upcalls' alone. */
__attribute__((noinline)) static unsigned int work(unsigned long *rounds, unsigned long *result)
{
    volatile unsigned char *below;
    unsigned long x = 1, i = 0, from;
    unsigned int used = 0;

    __asm__ volatile("movq %%rsp, %0" : "=r"(below));
    for (unsigned int n = 1; n <= PAINTED; n++) {
        below[-(long)n] = PAINT;
    }
    from = events;
    while (events - from < WANTED && i < MOST_ROUNDS) {
        x = x * 6364136223846793005ul + 1442695040888963407ul;
        i++;
    }
    for (unsigned int n = 1; n <= PAINTED; n++) {
        used = below[-(long)n] != PAINT ? n : used;
    }
    *rounds = i;
    *result = x;
    return used;
}

static void worker(void *arg)
{
    unsigned long rounds = 0, result = 0, before = events;
    unsigned int used = work(&rounds, &result);

    (void)arg;
    printf(
        "%lu events while %lu rounds were done; %u bytes of the stack below used, handlers within %lu bytes\n",
        events - before, rounds, used, (unsigned long)(highest - lowest));
    if (events - before < WANTED) {
        test_error("only %lu events came", events - before);
    }
    CHECK(rounds > 0);
    CHECK_EQUAL(result, expected(rounds));
    CHECK(used > 0);
    CHECK(used <= ONE_UPCALL);
    CHECK_EQUAL(nested, 0);
    CHECK(highest - lowest <= 64);
}

/* ---- The others ---- */

static struct wait_queue queue = WAIT_QUEUE_INIT(queue);
static unsigned int others;

static void other(evtchn_port_t port, void *arg)
{
    (void)port;
    (void)arg;
    others++;
    wait_wake_all(&queue);
}

static void check_others(void)
{
    uint64_t start = time_monotonic_ns();
    evtchn_port_t port;

    CHECK_EQUAL(evtchn_bind_ipi(0, other, NULL, &port), 0);
    evtchn_unmask(port);
    for (unsigned int i = 1; i <= 100; i++) {
        CHECK_EQUAL(evtchn_send(port), 0);
        CHECK_EQUAL(wait_event_until(&queue, others >= i, time_deadline_ns(20 * NS_PER_SEC)), 0);
    }
    CHECK_EQUAL(evtchn_close(port), 0);
    thread_sleep_until(time_deadline_ns(20 * NS_PER_MS)); /* the timer's event is one of them */
    CHECK(time_monotonic_ns() - start >= 20 * NS_PER_MS);
}

static unsigned long to_go = 20000;

static void itself(evtchn_port_t port, void *arg)
{
    flooded(port, arg);
    if (--to_go > 0) {
        CHECK_EQUAL(evtchn_send(port), 0);
    }
}

static void check_own_flood(void)
{
    evtchn_port_t port;

    lowest = UINTPTR_MAX;
    highest = 0;
    CHECK_EQUAL(evtchn_bind_ipi(0, itself, NULL, &port), 0);
    evtchn_unmask(port);
    CHECK_EQUAL(evtchn_send(port), 0);
    CHECK_EQUAL(to_go, 0);
    CHECK_EQUAL(nested, 0);
    CHECK(highest - lowest <= 64);
    CHECK_EQUAL(evtchn_close(port), 0);
}

int main(void)
{
    domid_t peer = (domid_t)peer_wait_u64("data/peer");
    struct thread *thread;
    evtchn_port_t port;

    CHECK_EQUAL(evtchn_alloc_unbound(peer, flooded, NULL, &port), 0);
    evtchn_unmask(port);
    peer_tell_u64("data/port", port);
    CHECK_EQUAL(thread_create(&thread, "worker", worker, NULL, 0), 0);
    (void)peer_wait_u64("data/start"); /* the flood is on: xenstore still works, too */
    CHECK_EQUAL(thread_join(thread), 0);
    check_others();
    CHECK_EQUAL(evtchn_close(port), 0);
    check_own_flood();
    test_success();
}
