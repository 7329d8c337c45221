// SPDX-License-Identifier: MIT
/*
 * Claim: calls with descriptors in any order do what Linux's rules say, and leave nothing behind: the fuzzer's calls
 * (tests/fuzz/fd_fuzz.c) with bytes from the run's seed.
 */
#include "unit.h"

#define RUNS       4000
#define MOST_BYTES 1500

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void any_order_of_calls_keeps_the_rules(void **state)
{
    static uint8_t data[MOST_BYTES];

    (void)state;
    for (unsigned int run = 0; run < RUNS; run++) {
        size_t bytes = (size_t)fake_random_below(MOST_BYTES);

        for (size_t i = 0; i < bytes; i++) {
            data[i] = (uint8_t)fake_random();
        }
        assert_int_equal(LLVMFuzzerTestOneInput(data, bytes), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_of_calls_keeps_the_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
