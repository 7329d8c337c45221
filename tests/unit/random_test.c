// SPDX-License-Identifier: MIT
/*
 * Claims about random bytes: the block function is ChaCha20, nothing is handed out twice, what was handed out is not kept, and
 * without a generator in the processor nobody is told otherwise.
 */
#include <string.h>

#include <fake.h>

#include <arch/cpu.h>

#include <xenolith/compiler.h>
#include <xenolith/random.h>

#include "../../lib/vfs/chacha20.h"
#include "unit.h"

static bool have_generator = true;
static uint64_t draws;

bool cpu_random(uint64_t *out)
{
    *out = ++draws;
    return have_generator;
}

/* RFC 8439, 2.3.2. */
static void the_block_function_is_chacha20(void **state)
{
    static const uint32_t key[8] = {0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c,
                                    0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c};
    static const uint32_t nonce[3] = {0x09000000, 0x4a000000, 0x00000000};
    static const uint32_t expected[16] = {
        0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
        0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9, 0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
    uint32_t out[16];

    (void)state;
    chacha20_block(key, 1, nonce, out);
    assert_memory_equal(out, expected, sizeof(out));
}

/* The first look decides, so this claim comes before the others. */
static void without_a_generator_it_says_so(void **state)
{
    unsigned char bytes[16] = {0};

    (void)state;
    have_generator = false;
    assert_false(random_is_seeded());
    random_fill(bytes, sizeof(bytes));
    assert_memory_not_equal(bytes, (unsigned char[16]){0}, sizeof(bytes));
    have_generator = true;
}

static void all_values_are_as_frequent(void **state)
{
    static unsigned char bytes[1 << 16];
    unsigned int count[256] = {0}, bits = 0;

    (void)state;
    for (size_t at = 0; at < sizeof(bytes);) {
        size_t part = MIN(1 + (size_t)(at % 700), sizeof(bytes) - at);

        random_fill(bytes + at, part);
        at += part;
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        count[bytes[i]]++;
        bits += (unsigned int)__builtin_popcount(bytes[i]);
    }
    assert_in_range(bits, sizeof(bytes) * 4 - 2500, sizeof(bytes) * 4 + 2500);
    for (unsigned int i = 0; i < 256; i++) {
        assert_in_range(count[i], 150, 370);
    }
}

static void no_piece_comes_twice(void **state)
{
    static uint64_t pieces[5000];

    (void)state;
    random_fill(pieces, sizeof(pieces));
    for (size_t i = 0; i < 5000; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(pieces[i], pieces[j]);
        }
    }
}

static void the_processor_is_asked_again_and_again(void **state)
{
    char bytes[4096];
    uint64_t before = draws;

    (void)state;
    random_fill(bytes, sizeof(bytes));
    assert_true(draws - before >= sizeof(bytes) / 512);
    before = draws;
    random_stir("something", 9);
    random_fill(bytes, 1);
    assert_true(draws > before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_block_function_is_chacha20),
        cmocka_unit_test(without_a_generator_it_says_so),
        cmocka_unit_test(all_values_are_as_frequent),
        cmocka_unit_test(no_piece_comes_twice),
        cmocka_unit_test(the_processor_is_asked_again_and_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
