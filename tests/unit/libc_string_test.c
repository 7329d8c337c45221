// SPDX-License-Identifier: MIT
/*
 * lib/string does what ISO C says, at every size around its thresholds, every alignment and every
 * overlap, touches nothing outside its areas, and never reads into the next page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

void *own_memcpy(void *, const void *, size_t);
void *own_memmove(void *, const void *, size_t);
void *own_memset(void *, int, size_t);
int own_memcmp(const void *, const void *, size_t);
void *own_memchr(const void *, int, size_t);
size_t own_strlen(const char *);
size_t own_strnlen(const char *, size_t);
int own_strcmp(const char *, const char *);
int own_strncmp(const char *, const char *, size_t);
char *own_strchr(const char *, int);
char *own_strrchr(const char *, int);

#define SIZES 500 /* past every threshold of lib/string */

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

static void fill_pattern(unsigned char *p, size_t bytes)
{
    uint32_t state = 12345;

    for (size_t i = 0; i < bytes; i++) {
        state = state * 1103515245u + 12345u;
        p[i] = (unsigned char)(state >> 16);
    }
}

static void memcpy_copies_every_size_and_alignment(void **state)
{
    unsigned char src[SIZES + 32], dst[SIZES + 32], expected[SIZES + 32];

    (void)state;
    fill_pattern(src, sizeof(src));
    for (size_t bytes = 0; bytes <= SIZES; bytes++) {
        for (size_t to = 0; to < 9; to++) {
            for (size_t from = 0; from < 9; from++) {
                memset(dst, 0xee, sizeof(dst));
                memset(expected, 0xee, sizeof(expected));
                memcpy(expected + to, src + from, bytes);
                assert_ptr_equal(own_memcpy(dst + to, src + from, bytes), dst + to);
                assert_int_equal(memcmp(dst, expected, sizeof(dst)), 0);
            }
        }
    }
}

static void memmove_survives_every_overlap(void **state)
{
    unsigned char got[3 * SIZES + 64], expected[3 * SIZES + 64];
    const size_t base = SIZES + 32;

    (void)state;
    for (size_t bytes = 0; bytes <= SIZES; bytes += bytes < 80 ? 1 : 7) {
        for (int shift = -(int)bytes - 9; shift <= (int)bytes + 9; shift += bytes < 80 ? 1 : 3) {
            fill_pattern(got, sizeof(got));
            fill_pattern(expected, sizeof(expected));
            memmove(expected + base + shift, expected + base, bytes);
            assert_ptr_equal(own_memmove(got + base + shift, got + base, bytes), got + base + shift);
            assert_int_equal(memcmp(got, expected, sizeof(got)), 0);
        }
    }
}

static void memset_fills_exactly(void **state)
{
    unsigned char dst[SIZES + 32], expected[SIZES + 32];

    (void)state;
    for (size_t bytes = 0; bytes <= SIZES; bytes++) {
        for (size_t at = 0; at < 9; at++) {
            memset(dst, 0x11, sizeof(dst));
            memset(expected, 0x11, sizeof(expected));
            memset(expected + at, 0x1a5, bytes);
            assert_ptr_equal(own_memset(dst + at, 0x1a5, bytes), dst + at);
            assert_int_equal(memcmp(dst, expected, sizeof(dst)), 0);
        }
    }
}

static void memcmp_orders_as_unsigned_bytes(void **state)
{
    unsigned char a[80], b[80];

    (void)state;
    for (size_t bytes = 0; bytes <= 64; bytes++) {
        for (size_t skew = 0; skew < 8; skew++) {
            fill_pattern(a, sizeof(a));
            memcpy(b + skew, a, bytes);
            assert_int_equal(own_memcmp(a, b + skew, bytes), 0);
            for (size_t i = 0; i < bytes; i++) {
                b[skew + i] ^= 0x80;
                assert_int_equal(sign(own_memcmp(a, b + skew, bytes)), sign(memcmp(a, b + skew, bytes)));
                b[skew + i] ^= 0x80;
            }
        }
    }
}

static void memchr_finds_the_first(void **state)
{
    unsigned char a[80];

    (void)state;
    for (size_t bytes = 0; bytes <= 64; bytes++) {
        for (size_t at = 0; at < bytes; at++) {
            memset(a, 1, sizeof(a));
            a[at] = 0xff;
            a[bytes] = 0xff;
            assert_ptr_equal(own_memchr(a, 0x7ff, bytes), a + at);
            a[at] = 1;
            assert_null(own_memchr(a, 0xff, bytes));
        }
    }
}

/* The last byte before a page that faults when touched. */
static char *page_end;

static int map_guarded_page(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    if (two == MAP_FAILED || mprotect(two + page, page, PROT_NONE) != 0) {
        return -1;
    }
    page_end = two + page;
    return 0;
}

static int unmap_guarded_page(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    (void)state;
    return munmap(page_end - page, 2 * page);
}

static void strings_at_the_end_of_a_page_stay_in_it(void **state)
{
    char copy[80];

    (void)state;
    for (size_t len = 0; len < 64; len++) {
        char *s = page_end - len - 1;

        memset(s, 'a', len);
        s[len] = '\0';
        memset(copy, 'a', sizeof(copy));
        for (size_t skew = 0; skew < 8; skew++) {
            copy[skew + len] = '\0';
            assert_int_equal(own_strcmp(s, copy + skew), 0);
            assert_int_equal(own_strcmp(copy + skew, s), 0);
            assert_int_equal(own_strncmp(s, copy + skew, 100), 0);
            copy[skew + len] = 'b';
            copy[skew + len + 1] = '\0';
            assert_true(own_strcmp(s, copy + skew) < 0);
            assert_true(own_strcmp(copy + skew, s) > 0);
            assert_int_equal(own_strncmp(s, copy + skew, len), 0);
            memset(copy, 'a', sizeof(copy));
        }
        assert_int_equal(own_strlen(s), len);
        assert_int_equal(own_strnlen(s, len + 1), len);
        assert_int_equal(own_strnlen(s, len), len);
        assert_int_equal(own_strnlen(s, len / 2), len / 2);
        assert_null(own_strchr(s, 'z'));
        assert_ptr_equal(own_strchr(s, '\0'), s + len);
        assert_null(own_strrchr(s, 'z'));
        assert_ptr_equal(own_strrchr(s, '\0'), s + len);
        if (len > 0) {
            s[len - 1] = 'z';
            assert_ptr_equal(own_strchr(s, 'z'), s + len - 1);
            s[0] = 'z';
            assert_ptr_equal(own_strchr(s, 'z'), s);
            assert_ptr_equal(own_strrchr(s, 'z'), s + len - 1);
        }
    }
}

static void strcmp_orders_high_bytes_last(void **state)
{
    (void)state;
    assert_true(own_strcmp("abcdefgh\x80", "abcdefgh\x7f") > 0);
    assert_true(own_strcmp("a", "b") < 0);
    assert_true(own_strncmp("ab\xff", "ab", 3) > 0);
    assert_int_equal(own_strncmp("abc", "abd", 2), 0);
    assert_int_equal(own_strncmp("abc", "abd", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memcpy_copies_every_size_and_alignment),
        cmocka_unit_test(memmove_survives_every_overlap),
        cmocka_unit_test(memset_fills_exactly),
        cmocka_unit_test(memcmp_orders_as_unsigned_bytes),
        cmocka_unit_test(memchr_finds_the_first),
        cmocka_unit_test_setup_teardown(strings_at_the_end_of_a_page_stay_in_it, map_guarded_page,
                                        unmap_guarded_page),
        cmocka_unit_test(strcmp_orders_high_bytes_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
