// SPDX-License-Identifier: MIT
/*
 * getentropy(), getrandom(), arc4random() and /dev/urandom give bytes that differ each time, and whose bits are even.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "system_test.h"

#define BYTES 65536

static unsigned char bytes[BYTES];

static void check_even(const char *what)
{
    long bits = 0;

    for (int i = 0; i < BYTES; i++) {
        bits += __builtin_popcount(bytes[i]);
    }
    if (bits < BYTES * 4 - 2500 || bits > BYTES * 4 + 2500) {
        test_failure("%s: %ld of %d bits are set", what, bits, BYTES * 8);
    }
}

int main(void)
{
    uint64_t seen[64];
    int fd = open("/dev/urandom", O_RDONLY);

    CHECK(fd >= 0);
    CHECK_EQUAL(read(fd, bytes, BYTES), BYTES);
    check_even("/dev/urandom");
    CHECK_EQUAL(close(fd), 0);
    if (getentropy(bytes, 256) != 0 && errno == ENOSYS) {
        test_skip("the processor has no generator");
    }
    CHECK_EQUAL(getentropy(bytes, 257), -1);
    CHECK_EQUAL(errno, EIO);
    CHECK_EQUAL(getrandom(bytes, BYTES, 0), BYTES);
    check_even("getrandom");
    fd = open("/dev/random", O_RDWR);
    CHECK(fd >= 0);
    CHECK_EQUAL(write(fd, "stirred", 7), 7);
    CHECK_EQUAL(read(fd, bytes, BYTES), BYTES);
    check_even("/dev/random");
    CHECK_EQUAL(close(fd), 0);
    for (int i = 0; i < 64; i++) {
        CHECK_EQUAL(getrandom(&seen[i], sizeof(seen[i]), GRND_NONBLOCK), sizeof(seen[i]));
        for (int j = 0; j < i; j++) {
            CHECK(seen[i] != seen[j]);
        }
    }
    CHECK(arc4random() != arc4random() || arc4random() != arc4random());
    test_success();
}
