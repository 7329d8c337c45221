// SPDX-License-Identifier: MIT
/*
 * A TLS block lies where the linker's offsets say, also when its size is no multiple of the block's
 * alignment. (The usual image of tests/fake/fake_tls.c is in sched_test.c.)
 */
#include "unit.h"

#include <xenolith/compiler.h>

#include "../../kernel/sched_priv.h"

#define IMAGE 12
#define TOTAL 40 /* 8 mod 16 */
#define ALIGN 8

extern const char __tls_image_start[];
const char __tls_image_start[IMAGE] = "twelve chars";

__asm__(".globl __tls_image_size, __tls_total_size, __tls_align\n"
        ".set __tls_image_size, 12\n"
        ".set __tls_total_size, 40\n"
        ".set __tls_align, 8\n");

static void a_block_lies_where_the_linker_says(void **state)
{
    size_t bytes = tls_bytes();
    char *block = aligned_alloc(64, ALIGN_UP(bytes, 64UL));
    char *pointer, *start;

    memset(block, 0xee, bytes);
    pointer = tls_init(block);
    assert_int_equal((uintptr_t)pointer % 16, 0);
    assert_ptr_equal(*(void **)pointer, pointer);

    /*
     * psABI, variant II: offset 0 of the segment is at the pointer less its size, rounded up to its
     * alignment.
     */
    start = pointer - ALIGN_UP(TOTAL, ALIGN);
    assert_true(start >= block);
    assert_memory_equal(start, "twelve chars", IMAGE);
    for (int i = IMAGE; i < TOTAL; i++) {
        assert_int_equal(start[i], 0);
    }
    assert_true(pointer + 48 <= block + bytes); /* with the word where a stack protector might look */
    free(block);
}

static void a_block_is_aligned_for_anything(void **state)
{
    assert_int_equal(tls_align(), 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_lies_where_the_linker_says),
        cmocka_unit_test(a_block_is_aligned_for_anything),
    };

    return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
