// SPDX-License-Identifier: MIT
/*
 * Claim: what an ordinary C program expects of its library: constructors before main, atexit after it in reverse order,
 * formats with floating point and long long, malloc under stress, errno names, files that are not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system_test.h"

static int order;

__attribute__((constructor(200))) static void second(void)
{
    order = order * 10 + 2;
}

__attribute__((constructor(150))) static void first(void)
{
    order = order * 10 + 1;
}

static void last_word(void)
{
    printf("TEST: SUCCESS\n");
}

static void check_formats(void)
{
    char s[200];
    double d;
    long long ll;

    snprintf(s, sizeof(s), "%d|%5.2f|%g|%lld|%zu|%s|%x|%" PRIu64 "|%Lg|%jd", -5, 3.14159, 1e100, 1LL << 62,
             sizeof(s), "str", 0xbeefU, UINT64_MAX, 1.5L, (intmax_t)-1);
    CHECK(strcmp(s, "-5| 3.14|1e+100|4611686018427387904|200|str|beef|18446744073709551615|1.5|-1") == 0);
    CHECK_EQUAL(sscanf("2.5 -9000000000", "%lf %lld", &d, &ll), 2);
    CHECK(d == 2.5 && ll == -9000000000LL);
    CHECK(strtod("0x1.8p1", NULL) == 3.0);
    CHECK(fabs(sqrt(2.0) - 1.41421356237) < 1e-9);
    CHECK(strcmp(strerror(ENOENT), "No such file or directory") == 0);
}

static void check_malloc(void)
{
    static unsigned char *blocks[500];
    static size_t sizes[500];
    uint32_t seed = 12345;

    for (int round = 0; round < 200000; round++) {
        unsigned int i;

        seed = seed * 1664525 + 1013904223;
        i = seed >> 8 & 0xffff;
        i %= 500;
        if (blocks[i] != NULL) {
            CHECK(blocks[i][0] == (unsigned char)i && blocks[i][sizes[i] - 1] == (unsigned char)i);
            free(blocks[i]);
        }
        sizes[i] = 1 + (seed >> 4) % ((seed & 15) == 0 ? 20000 : 400);
        blocks[i] = malloc(sizes[i]);
        CHECK(blocks[i] != NULL && ((uintptr_t)blocks[i] & 15) == 0);
        memset(blocks[i], (int)i, sizes[i]);
    }
    for (int i = 0; i < 500; i++) {
        free(blocks[i]);
    }
    blocks[0] = aligned_alloc(8192, 100);
    CHECK(blocks[0] != NULL && ((uintptr_t)blocks[0] & 8191) == 0);
    free(blocks[0]);
}

static void check_files(void)
{
    struct stat st;
    int fd;

    errno = 0;
    CHECK_EQUAL(open("/nowhere", O_RDONLY), -1);
    CHECK_EQUAL(errno, ENOENT);
    CHECK_EQUAL(close(77), -1);
    CHECK_EQUAL(errno, EBADF);
    CHECK_EQUAL(isatty(1), 1);
    CHECK_EQUAL(fstat(1, &st), 0);
    CHECK(S_ISCHR(st.st_mode));
    fd = dup(1);
    CHECK(fd > 2);
    CHECK_EQUAL(write(fd, "by a duplicate\n", 15), 15);
    CHECK_EQUAL(close(fd), 0);
    CHECK_EQUAL(write(fd, "x", 1), -1);
    CHECK_EQUAL(errno, EBADF);
}

int main(void)
{
    jmp_buf env;
    volatile int jumped = 0;

    CHECK_EQUAL(order, 12);
    CHECK_EQUAL(atexit(last_word), 0);
    if (setjmp(env) == 0) {
        jumped = 1;
        longjmp(env, 5);
    }
    CHECK_EQUAL(jumped, 1);
    check_formats();
    check_malloc();
    check_files();
    return 0; /* last_word() must still run */
}
