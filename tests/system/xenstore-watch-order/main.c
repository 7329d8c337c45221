// SPDX-License-Identifier: MIT
/*
 * Claim: 100 changes made one after the other in dom0 arrive as events in that order, by callback and by xs_watch_next().
 */
#include <string.h>

#include <xenolith/sched.h>

#include "peer.h"

#define CHANGES 100

static unsigned int called;
static const char *wrong;

/* data/seq/N, N counting from 1. */
static unsigned int number_of(const char *path)
{
    return strncmp(path, "data/seq/", 9) == 0 ? (unsigned int)strtoul(path + 9, NULL, 10) : 0;
}

static void on_event(struct xs_watch *watch, const char *path)
{
    unsigned int number = number_of(path);

    if (watch->overflow) {
        wrong = "events were lost";
    } else if (number != 0 && number != ++called) {
        wrong = "callback out of order";
    }
}

int main(void)
{
    struct xs_watch callback = {.fn = on_event}, queue = {0};
    uint64_t deadline = time_deadline_ns(60 * NS_PER_SEC);
    unsigned int expected = 1;

    CHECK_EQUAL(xs_mkdir(XS_TX_NONE, "data/seq"), 0);
    CHECK_EQUAL(xs_watch_add(&callback, "data/seq"), 0);
    CHECK_EQUAL(xs_watch_add(&queue, "data/seq"), 0);
    peer_tell_u64("data/ready", 1);
    while (expected <= CHANGES) {
        char *path;

        CHECK_EQUAL(xs_watch_next(&queue, &path, deadline), 0);
        CHECK(!queue.overflow);
        if (number_of(path) != 0) {
            CHECK_EQUAL(number_of(path), expected);
            expected++;
        }
        heap_free(path);
    }
    /* The other watch's events may come last; they come in front of the reply to a later request. */
    for (unsigned int tries = 0; called < CHANGES && tries < 3; tries++) {
        char *value;

        CHECK_EQUAL(xs_read(XS_TX_NONE, "domid", &value, NULL), 0);
        heap_free(value);
        thread_yield();
    }
    CHECK_EQUAL(called, CHANGES);
    CHECK_EQUAL(xs_watch_remove(&callback), 0);
    CHECK_EQUAL(xs_watch_remove(&queue), 0);
    if (wrong != NULL) {
        test_failure("%s", wrong);
    }
    test_success();
}
