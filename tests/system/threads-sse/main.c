// SPDX-License-Identifier: MIT
/*
 * Claim: floating point is every thread's own: a thread starts on a stack that aligned vector stores and printf's %f
 * can use, and 50 threads with different rounding modes and precisions compute their own results across switches.
 */
#include <fenv.h>
#include <stdint.h>
#include <string.h>

#include <xenolith/sched.h>

#include "system_test.h"

#define NR_THREADS 50
#define ROUNDS     200

static unsigned int finished;

static const int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};

/* 1/10 and -1/10 in each of the modes: the last bit says which one was at work. */
static const struct {
    uint64_t plus, minus;
} tenths[] = {
    {UINT64_C(0x3fb999999999999a), UINT64_C(0xbfb999999999999a)},
    {UINT64_C(0x3fb9999999999999), UINT64_C(0xbfb999999999999a)},
    {UINT64_C(0x3fb999999999999a), UINT64_C(0xbfb9999999999999)},
    {UINT64_C(0x3fb9999999999999), UINT64_C(0xbfb9999999999999)},
};

static uint64_t bits_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

__attribute__((noinline)) static double divide(volatile double a, volatile double b)
{
    return a / b;
}

static uint16_t x87_control(void)
{
    uint16_t control;

    __asm__ volatile("fnstcw %0" : "=m"(control));
    return control;
}

static void set_x87_control(uint16_t control)
{
    __asm__ volatile("fldcw %0" ::"m"(control));
}

static uint32_t mxcsr(void)
{
    uint32_t value;

    __asm__ volatile("stmxcsr %0" : "=m"(value));
    return value;
}

/* The address of an object that asks for 16 proves nothing, the compiler believes it; the frame tells the truth. */
static void check_stack(void)
{
    _Alignas(16) float vector[4] = {1, 2, 3, 4};

    CHECK_EQUAL((uintptr_t)__builtin_frame_address(0) % 16, 0);
    __asm__ volatile("movaps %0, %%xmm5\n\tmovaps %%xmm5, %0" : "+m"(vector)::"xmm5");
    CHECK(vector[3] == 4);
}

static void check_printf(int id)
{
    char text[40], should[40];

    snprintf(text, sizeof(text), "%f|%.3e|%g|%Lg", id + 0.25, 12345.0, 0.5, 2.5L);
    snprintf(should, sizeof(should), "%d.250000|1.234e+04|0.5|2.5", id);
    if (fegetround() == FE_UPWARD) {
        memcpy(strchr(should, '|') + 1, "1.235", 5);
    }
    should[strcspn(should, "|") + 5] =
        text[strcspn(text, "|") + 5]; /* 1.2345: a tie, the library's to round */
    if (strcmp(text, should) != 0) {
        test_failure("thread %d printed %s, not %s", id, text, should);
    }
}

static void body(void *arg)
{
    int id = (int)(intptr_t)arg, mode = id % 4;
    uint16_t control =
        (uint16_t)((x87_control() & ~0x300) | (id % 3 == 0 ? 0x200 : 0x300)); /* 53 or 64 bits */
    uint32_t flags = (uint32_t)(id % 5 == 0) << 15;                           /* flush to zero */
    double sum = 0, product = 1;

    CHECK_EQUAL((uintptr_t)__builtin_frame_address(0) % 16, 0);
    check_stack();
    CHECK_EQUAL(mxcsr() & 0xff80, 0x3f80); /* what the creator had then, as POSIX wants it */
    CHECK_EQUAL(x87_control(), 0x77f);
    CHECK_EQUAL(fesetround(modes[mode]), 0);
    control = (uint16_t)((control & ~0xc00) | (x87_control() & 0xc00));
    set_x87_control(control);
    __asm__ volatile("ldmxcsr %0" ::"m"((uint32_t){(mxcsr() & ~0x3fU) | flags}));
    for (int i = 1; i <= ROUNDS; i++) {
        sum += id + i;
        product = product * 2 / (i % 2 == 0 ? 4 : 1);
        thread_yield();
        CHECK_EQUAL(fegetround(), modes[mode]);
        CHECK_EQUAL(x87_control(), control);
        CHECK_EQUAL(mxcsr() & 0x8000, flags);
        CHECK_EQUAL(bits_of(divide(1, 10)), tenths[mode].plus);
        CHECK_EQUAL(bits_of(divide(-1, 10)), tenths[mode].minus);
        if (i % 50 == 0) {
            set_x87_control(
                (uint16_t)(control | 0x300)); /* printf of a long double is entitled to all 64 bits */
            check_printf(id);
            set_x87_control(control);
        }
    }
    CHECK(sum == (double)ROUNDS * id + ROUNDS * (ROUNDS + 1) / 2.0);
    CHECK(product == 1);
    finished++;
}

int main(void)
{
    static struct thread *threads[NR_THREADS];

    CHECK_EQUAL((uintptr_t)__builtin_frame_address(0) % 16, 0);
    check_stack();
    CHECK_EQUAL(fesetround(FE_DOWNWARD), 0); /* the threads inherit this */
    for (int i = 0; i < NR_THREADS; i++) {
        CHECK_EQUAL(thread_create(&threads[i], "sse", body, (void *)(intptr_t)i, 0), 0);
    }
    CHECK_EQUAL(fesetround(FE_UPWARD), 0); /* and not this */
    for (int i = 0; i < NR_THREADS; i++) {
        CHECK_EQUAL(thread_join(threads[i]), 0);
    }
    CHECK_EQUAL(finished, NR_THREADS);
    CHECK_EQUAL(fegetround(), FE_UPWARD);
    CHECK_EQUAL(bits_of(divide(-1, 10)), tenths[2].minus);
    test_success();
}
