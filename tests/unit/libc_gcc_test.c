// SPDX-License-Identifier: MIT
/*
 * lib/gcc computes what the host compiler's own runtime library computes, also where numbers are at their
 * limits: 128-bit division, long double conversions, complex infinities.
 */
#include <complex.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "libc_gcc_names.h"
#include "../../lib/gcc/gcc_priv.h"

#define ROUNDS 20000

static uint64_t next_random(void)
{
    static uint64_t state = 0x2545f4914f6cdd1d;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Numbers of every length, with long runs of ones and zeros. */
static uint128 next_number(void)
{
    uint128 n = (uint128)next_random() << 64 | next_random();
    unsigned int shift = (unsigned int)(next_random() % 128);

    switch (next_random() % 4) {
    case 0:
        return n >> shift;
    case 1:
        return ~(uint128)0 >> shift;
    case 2:
        return (uint128)1 << shift;
    default:
        return n & ~(uint128)0 << shift;
    }
}

static void division_agrees_with_the_compilers(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        uint128 n = next_number();
        uint128 d = next_number();
        uint128 rest;

        if (d == 0) {
            continue;
        }
        assert_true(own_udivmodti4(n, d, &rest) == n / d);
        assert_true(rest == n % d);
        assert_true(own_umodti3(n, d) == n % d);
        assert_true(own_udivmodti4(n, d, NULL) == n / d);
    }
}

static void conversions_agree_with_the_compilers(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        uint128 n = next_number();
        long double x = (long double)(uint64_t)n;

        assert_true(own_floattixf((int128)n) == (long double)(int128)n);
        assert_true(own_floatuntixf(n) == (long double)n);
        assert_true(own_fixunsxfdi(x) == (uint64_t)n);
        assert_true(own_fixunsxfdi(x / 3) == (uint64_t)(x / 3));
    }
}

static int same(long double a, long double b, long double tolerance)
{
    if (isnan(a) || isnan(b)) {
        return isnan(a) && isnan(b);
    }
    if (isinf(a) || isinf(b) || a == b) {
        return a == b;
    }
    return fabsl(a - b) <= tolerance * fmaxl(fabsl(a), fabsl(b));
}

static void complex_numbers_agree_with_the_compilers(void **state)
{
    static const float parts[] = {0.0F, -0.0F, 1.0F, -2.5F, 3e38F, 1e-40F, INFINITY, -INFINITY, NAN};
    const size_t nr = sizeof(parts) / sizeof(parts[0]);

    (void)state;
    for (size_t i = 0; i < nr * nr * nr * nr; i++) {
        float a = parts[i % nr], b = parts[i / nr % nr], c = parts[i / nr / nr % nr],
              d = parts[i / nr / nr / nr];
        _Complex float p, q;
        _Complex long double v, w;

        __real__ v = __real__ p = a;
        __imag__ v = __imag__ p = b;
        __real__ w = __real__ q = c;
        __imag__ w = __imag__ q = d;

        _Complex float product = p * q, quotient = p / q;
        _Complex long double wide_product = v * w, wide_quotient = v / w;
        _Complex float got = own_mulsc3(a, b, c, d);
        _Complex long double wide = own_mulxc3(a, b, c, d);

        assert_true(same(crealf(got), crealf(product), 0) && same(cimagf(got), cimagf(product), 0));
        assert_true(same(creall(wide), creall(wide_product), 0) &&
                    same(cimagl(wide), cimagl(wide_product), 0));
        got = own_divsc3(a, b, c, d);
        wide = own_divxc3(a, b, c, d);
        assert_true(same(crealf(got), crealf(quotient), 1e-6L) && same(cimagf(got), cimagf(quotient), 1e-6L));
        assert_true(same(creall(wide), creall(wide_quotient), 1e-18L));
        assert_true(same(cimagl(wide), cimagl(wide_quotient), 1e-18L));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(division_agrees_with_the_compilers),
        cmocka_unit_test(conversions_agree_with_the_compilers),
        cmocka_unit_test(complex_numbers_agree_with_the_compilers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
