// SPDX-License-Identifier: MIT
/*
 * Claims about internet addresses as text: what this machine's C library accepts, ours accepts, with the same result; and both write the
 * same.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include "unit.h"

#define ROUNDS 300000

int own_inet_aton(const char *text, struct in_addr *out);
int own_inet_pton(int family, const char *text, void *out);
const char *own_inet_ntop(int family, const void *address, char *out, socklen_t bytes);

static const char *const samples[] = {
    "0.0.0.0",
    "127.0.0.1",
    "255.255.255.255",
    "256.1.1.1",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "1..2.3",
    "",
    ".",
    ":",
    "::",
    "::1",
    "1::",
    "1::1",
    "1:2:3:4:5:6:7:8",
    "1:2:3::8",
    "::1.2.3.4",
    "::ffff:1.2.3.4",
    "1:2::3:4:5:6:7:8",
    "1:2:3:4:5:6:7::",
    "::2:3:4:5:6:7:8",
    "fe80::1%1",
    "12345::",
    "g::",
    ":1:2",
    "1:2:",
    "1:::2",
    "::1.2.3",
    "::1.2.3.4:5",
    "1:2:3:4:5:6:1.2.3.4",
    "1:2:3:4:5:6:7:1.2.3.4",
    "::01.2.3.4",
    "0x7f.1",
    "0377.1",
    "1.0xffffff",
    "4294967295",
    "4294967296",
    "0x",
    "08.1.1.1",
    "1.2.3.4 x",
    "1.2.3.4x",
    "1.16777216",
    "1.2.65536",
};

static void compare(const char *text)
{
    unsigned char theirs[16] = {0}, ours[16] = {0};
    struct in_addr their_v4 = {0}, our_v4 = {0};

    assert_int_equal(own_inet_pton(AF_INET, text, ours), inet_pton(AF_INET, text, theirs));
    assert_memory_equal(ours, theirs, 4);
    assert_int_equal(own_inet_pton(AF_INET6, text, ours), inet_pton(AF_INET6, text, theirs));
    if (inet_pton(AF_INET6, text, theirs) == 1) {
        assert_memory_equal(ours, theirs, 16);
    }
    assert_int_equal(own_inet_aton(text, &our_v4), inet_aton(text, &their_v4));
    if (inet_aton(text, &their_v4) == 1) {
        assert_int_equal(our_v4.s_addr, their_v4.s_addr);
    }
}

static void known_texts_are_read_as_the_host_reads_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        compare(samples[i]);
    }
}

/* Samples with characters changed, added and taken away. */
static void random_texts_are_read_as_the_host_reads_them(void **state)
{
    static const char alphabet[] = "0123456789abcdefABCDEFxX:::...% g";
    char text[64];

    (void)state;
    for (unsigned int i = 0; i < ROUNDS; i++) {
        size_t length;

        strcpy(text, samples[fake_random() % (sizeof(samples) / sizeof(samples[0]))]);
        for (uint64_t edits = fake_random() % 4; edits > 0; edits--) {
            size_t at;

            length = strlen(text);
            at = fake_random() % (length + 1);
            switch (fake_random() % 3) {
            case 0:
                memmove(text + at + 1, text + at, length - at + 1);
                text[at] = alphabet[fake_random() % (sizeof(alphabet) - 1)];
                break;
            case 1:
                memmove(text + at, text + at + (at < length), length - at + 1 - (at < length));
                break;
            default:
                if (at < length) {
                    text[at] = alphabet[fake_random() % (sizeof(alphabet) - 1)];
                }
                break;
            }
        }
        compare(text);
    }
}

static void what_the_host_would_write_is_written(void **state)
{
    char theirs[INET6_ADDRSTRLEN], ours[INET6_ADDRSTRLEN];
    uint16_t groups[8];

    (void)state;
    for (unsigned int i = 0; i < ROUNDS; i++) {
        bool compatible;

        for (int g = 0; g < 8; g++) {
            uint64_t r = fake_random();

            groups[g] = r % 3 == 0 ? 0 : r % 3 == 1 ? htons((uint16_t)(r >> 8 & 0xf)) : (uint16_t)(r >> 8);
        }
        /* glibc writes ::a.b.c.d where RFC 5952 wants hexadecimal. */
        compatible = groups[0] == 0 && groups[1] == 0 && groups[2] == 0 && groups[3] == 0 && groups[4] == 0 &&
                     groups[5] == 0 && groups[6] != 0;
        assert_ptr_equal(own_inet_ntop(AF_INET6, groups, ours, sizeof(ours)), ours);
        inet_ntop(AF_INET6, groups, theirs, sizeof(theirs));
        if (!compatible) {
            assert_string_equal(ours, theirs);
        }
        own_inet_ntop(AF_INET, groups, ours, sizeof(ours));
        inet_ntop(AF_INET, groups, theirs, sizeof(theirs));
        assert_string_equal(ours, theirs);
    }
}

static void too_little_room_is_an_error(void **state)
{
    struct in_addr v4 = {htonl(0xc0000201)};
    char out[10];

    (void)state;
    errno = 0;
    assert_null(own_inet_ntop(AF_INET, &v4, out, 9));
    assert_int_equal(errno, ENOSPC);
    assert_non_null(own_inet_ntop(AF_INET, &v4, out, 10));
    assert_null(own_inet_ntop(77, &v4, out, 10));
    assert_int_equal(errno, EAFNOSUPPORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_are_read_as_the_host_reads_them),
        cmocka_unit_test(random_texts_are_read_as_the_host_reads_them),
        cmocka_unit_test(what_the_host_would_write_is_written),
        cmocka_unit_test(too_little_room_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
