// SPDX-License-Identifier: MIT
/*
 * The timer queue: a pairing heap linked through the timers themselves. Arming is O(1), cancelling
 * and firing O(log n) amortised, none of it recursive. Owns the links; the alarm is the
 * scheduler's. Never called in upcalls.
 *
 * In the heap, a timer's child is its first child; next is its right sibling; prev its left sibling
 * or, for a first child, its parent. A root has no prev.
 */
#include <xenolith/timer.h>

#include <xenolith/irq.h>
#include <xenolith/panic.h>
#include <xenolith/time.h>
#include <xenolith/trace.h>

static struct timer *queue;
/* What callbacks arm while timer_run_expired() runs: it joins the queue afterwards, so a callback
 * that arms itself in the past cannot keep the loop going. */
static struct timer *armed_meanwhile;
static bool running;

/* Make one heap of two. Both are roots, or NULL. */
static struct timer *meld(struct timer *a, struct timer *b)
{
    if (a == NULL) {
        return b;
    }
    if (b == NULL) {
        return a;
    }
    if (b->deadline_ns < a->deadline_ns) {
        struct timer *t = a;

        a = b;
        b = t;
    }
    b->prev = a;
    b->next = a->child;
    if (a->child != NULL) {
        a->child->prev = b;
    }
    a->child = b;
    return a;
}

/*
 * One heap of a list of siblings: meld them in pairs from the left, then the pairs from the right.
 */
static struct timer *meld_siblings(struct timer *first)
{
    struct timer *pairs = NULL;
    struct timer *root = NULL;

    while (first != NULL) {
        struct timer *a = first;
        struct timer *b = a->next;

        first = b != NULL ? b->next : NULL;
        a->next = a->prev = NULL;
        if (b != NULL) {
            b->next = b->prev = NULL;
        }
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    while (pairs != NULL) {
        struct timer *pair = pairs;

        pairs = pair->next;
        pair->next = NULL;
        root = meld(root, pair);
    }
    return root;
}

/*
 * Take @t out of the heap it is in. What was below it takes its place, which keeps every parent the
 * earlier one.
 */
static void heap_remove(struct timer *t)
{
    struct timer *below = meld_siblings(t->child);

    if (below != NULL) {
        below->prev = t->prev;
        below->next = t->next;
    }
    if (t->next != NULL) {
        t->next->prev = below != NULL ? below : t->prev;
    }
    if (t->prev == NULL) {
        *(t == armed_meanwhile ? &armed_meanwhile : &queue) = below;
    } else if (t->prev->child == t) {
        t->prev->child = below != NULL ? below : t->next;
    } else {
        t->prev->next = below != NULL ? below : t->next;
    }
    t->child = t->next = t->prev = NULL;
    t->armed = false;
}

void timer_init(struct timer *t, void (*fn)(void *arg), void *arg)
{
    *t = (struct timer){.fn = fn, .arg = arg};
}

void timer_arm(struct timer *t, uint64_t deadline_ns)
{
    ASSERT(!in_upcall());
    TRACE(TRACE_TIMER, TRACE_EV_TIMER_ARM, deadline_ns, 0, 0);
    if (t->armed) {
        heap_remove(t);
    }
    t->deadline_ns = deadline_ns;
    t->armed = true;
    if (running) {
        armed_meanwhile = meld(armed_meanwhile, t);
    } else {
        queue = meld(queue, t);
    }
}

bool timer_cancel(struct timer *t)
{
    ASSERT(!in_upcall());
    if (!t->armed) {
        return false;
    }
    heap_remove(t);
    return true;
}

unsigned int timer_run_expired(void)
{
    uint64_t now = time_monotonic_ns();
    unsigned int nr = 0;

    ASSERT(!running);
    running = true;
    while (queue != NULL && queue->deadline_ns <= now) {
        struct timer *t = queue;

        heap_remove(t);
        nr++;
        TRACE(TRACE_TIMER, TRACE_EV_TIMER_FIRE, t->deadline_ns, 0, 0);
        t->fn(t->arg); /* which may free the timer */
    }
    running = false;
    queue = meld(queue, armed_meanwhile);
    armed_meanwhile = NULL;
    return nr;
}

uint64_t timer_next_deadline(void)
{
    uint64_t next = queue != NULL ? queue->deadline_ns : TIME_FOREVER;

    if (armed_meanwhile != NULL && armed_meanwhile->deadline_ns < next) {
        next = armed_meanwhile->deadline_ns;
    }
    return next;
}
