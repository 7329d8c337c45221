// SPDX-License-Identifier: MIT
/*
 * Any sequence of arming, cancelling and firing timers, also from callbacks, agrees with an array
 * of deadlines. The input is a list of operations; callbacks consume it too.
 */
#include <stdbool.h>
#include <stdlib.h>

#include <fake.h>
#include <xenolith/time.h>
#include <xenolith/timer.h>

#define TIMERS 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct timer timers[TIMERS];
static uint64_t expected[TIMERS]; /* deadline, or 0 */
static bool fresh[TIMERS];        /* armed in the pass under way */
static bool in_pass;
static uint64_t last;
static const uint8_t *input;
static size_t left;

static void require(bool cond)
{
    if (!cond) {
        abort();
    }
}

static uint8_t next_byte(void)
{
    if (left == 0) {
        return 0;
    }
    left--;
    return *input++;
}

static void arm_or_cancel(void)
{
    uint8_t op = next_byte();
    size_t i = op % TIMERS;

    if (op & 0x80) {
        require(timer_cancel(&timers[i]) == (expected[i] != 0));
        expected[i] = 0;
    } else {
        expected[i] = fake_now_ns - 64 + next_byte();
        fresh[i] = in_pass;
        timer_arm(&timers[i], expected[i]);
    }
}

static void fired(void *arg)
{
    size_t i = (size_t)((struct timer *)arg - timers);

    require(expected[i] != 0 && expected[i] <= fake_now_ns && expected[i] >= last && !fresh[i]);
    last = expected[i];
    expected[i] = 0;
    if (next_byte() & 1) {
        arm_or_cancel();
    }
}

static void pass(void)
{
    last = 0;
    in_pass = true;
    timer_run_expired();
    in_pass = false;
    for (size_t i = 0; i < TIMERS; i++) {
        require(expected[i] == 0 || expected[i] > fake_now_ns || fresh[i]);
        fresh[i] = false;
    }
}

static uint64_t reference_next(void)
{
    uint64_t next = TIME_FOREVER;

    for (size_t i = 0; i < TIMERS; i++) {
        if (expected[i] != 0 && expected[i] < next) {
            next = expected[i];
        }
    }
    return next;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input = data;
    left = size;
    for (size_t i = 0; i < TIMERS; i++) {
        timer_init(&timers[i], fired, &timers[i]);
    }
    while (left > 0) {
        uint8_t op = next_byte();

        if (op < 200) {
            arm_or_cancel();
        } else {
            fake_clock_advance(op - 200);
            pass();
        }
        require(timer_next_deadline() == reference_next());
    }
    for (size_t i = 0; i < TIMERS; i++) {
        require(timer_cancel(&timers[i]) == (expected[i] != 0));
        expected[i] = 0;
    }
    return 0;
}
