// SPDX-License-Identifier: MIT
/*
 * Claim: the corners of the C library that newlib leaves to its port are right: time, sleep, signals, environment,
 * entropy, 128-bit division, complex numbers, the widths of types, and longjmp(env, 0).
 */
#include <complex.h>
#include <errno.h>
#include <malloc.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include <xenolith/errno.h>
#include <xenolith/sched.h>

#include "system_test.h"

_Static_assert(sizeof(time_t) == 8 && sizeof(off_t) == 8 && sizeof(ino_t) == 8 && sizeof(dev_t) == 8,
               "widths");
_Static_assert(sizeof(uid_t) == 4 && sizeof(ssize_t) == 8, "widths");
/* Xen's numbers are the program's. */
_Static_assert(ENOSYS == 38 && ETIMEDOUT == 110 && EWOULDBLOCK == EAGAIN, "errno");

static volatile sig_atomic_t caught;
static _Thread_local int own = 3;

static void on_signal(int number)
{
    caught = number;
}

static void check_time(void)
{
    struct timespec before, after, res, request = {.tv_nsec = 3000000};
    struct timeval wall;
    struct tms cpu;

    CHECK_EQUAL(clock_getres(CLOCK_MONOTONIC, &res), 0);
    CHECK_EQUAL(clock_gettime(CLOCK_MONOTONIC, &before), 0);
    CHECK_EQUAL(nanosleep(&request, NULL), 0);
    CHECK_EQUAL(usleep(1000), 0);
    CHECK_EQUAL(clock_gettime(CLOCK_MONOTONIC, &after), 0);
    CHECK((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec >= 4000000);
    CHECK_EQUAL(clock_gettime(77, &after), -1);
    CHECK_EQUAL(errno, EINVAL);
    request.tv_nsec = 1000000000;
    CHECK_EQUAL(nanosleep(&request, NULL), -1);
    CHECK_EQUAL(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &before, NULL), 0);
    CHECK_EQUAL(gettimeofday(&wall, NULL), 0);
    CHECK(wall.tv_sec > 1700000000 && labs((long)(wall.tv_sec - time(NULL))) <= 1);
    CHECK(times(&cpu) != (clock_t)-1);
    CHECK(strftime((char[64]){0}, 64, "%Y-%m-%d", gmtime(&wall.tv_sec)) == 10);
}

static void check_signals(void)
{
    CHECK(signal(SIGUSR1, on_signal) == SIG_DFL);
    CHECK_EQUAL(raise(SIGUSR1), 0);
    CHECK_EQUAL(caught, SIGUSR1);
    CHECK_EQUAL(raise(SIGCHLD), 0);
    CHECK(signal(SIGTERM, SIG_IGN) == SIG_DFL);
    CHECK_EQUAL(kill(getpid(), SIGTERM), 0);
    CHECK_EQUAL(kill(4711, SIGTERM), -1);
    CHECK_EQUAL(errno, ESRCH);
    CHECK(signal(SIGKILL, SIG_IGN) == SIG_ERR);
}

static void check_numbers(void)
{
    volatile __int128 big = (__int128)1 << 100, small = 12345678901234567LL;
    volatile double _Complex z = 1 + 2 * I;
    volatile float _Complex w = 3 + 4 * I;
    volatile unsigned __int128 huge = (unsigned __int128)-1;

    CHECK((long long)(big / small) == 0x5d62fb04524b && (long long)(big % small) == 0x26cff3b843a173);
    CHECK((long double)huge == 0x1p128L);
    z *= z;
    CHECK(creal(z) == -3 && cimag(z) == 4);
    w = w / w;
    CHECK(crealf(w) == 1 && cimagf(w) == 0);
    CHECK(fabs(pow(2, 0.5) - sqrt(2)) < 1e-15);
}

static void check_environment(void)
{
    char random[2][16] = {{0}, {0}};

    CHECK(getenv("NOTHING") == NULL);
    CHECK_EQUAL(setenv("A", "b", 1), 0);
    CHECK(strcmp(getenv("A"), "b") == 0);
    CHECK_EQUAL(unsetenv("A"), 0);
    CHECK(getenv("A") == NULL);
    CHECK_EQUAL(sysconf(_SC_PAGESIZE), 4096);
    CHECK_EQUAL(sysconf(_SC_NPROCESSORS_ONLN), 1);
    if (getentropy(random[0], 16) == 0) {
        CHECK_EQUAL(getentropy(random[1], 16), 0);
        CHECK(memcmp(random[0], random[1], 16) != 0);
    } else {
        CHECK_EQUAL(errno, ENOSYS);
    }
}

static void check_memory(void)
{
    volatile size_t half = (size_t)1 << 33;
    void *block;

    CHECK(malloc((size_t)1 << 40) == NULL);
    CHECK_EQUAL(errno, ENOMEM);
    CHECK(calloc(half, half) == NULL);
    CHECK_EQUAL(posix_memalign(&block, 3, 8), EINVAL);
    CHECK_EQUAL(posix_memalign(&block, 4096, 8), 0);
    CHECK(malloc_usable_size(block) >= 8);
    free(block);
    block = malloc(10);
    strcpy(block, "kept");
    block = realloc(block, 100000);
    CHECK(strcmp(block, "kept") == 0);
    free(block);
}

/* Each thread has its errno, its TLS and its own buffers for floating point output. */
static void other_thread(void *argument)
{
    char text[32];

    CHECK_EQUAL(own, 3);
    own = 4;
    errno = 99;
    thread_yield();
    CHECK_EQUAL(errno, 99);
    CHECK_EQUAL(own, 4);
    snprintf(text, sizeof(text), "%.17g", 1.0 / 3);
    CHECK(strtod(text, NULL) == 1.0 / 3);
    *(int *)argument += 1;
}

static void check_threads(void)
{
    struct thread *threads[20];
    int done = 0;

    errno = 5;
    for (int i = 0; i < 20; i++) {
        CHECK_EQUAL(thread_create(&threads[i], "other", other_thread, &done, 0), 0);
    }
    for (int i = 0; i < 20; i++) {
        CHECK_EQUAL(thread_join(threads[i]), 0);
    }
    CHECK_EQUAL(done, 20);
    CHECK_EQUAL(errno, 5);
    CHECK_EQUAL(own, 3);
}

int main(void)
{
    jmp_buf env;
    volatile int jumps = 0;

    if (setjmp(env) == 0) {
        jumps++;
        CHECK_EQUAL(jumps, 1);
        longjmp(env, 0);
    }
    check_time();
    check_signals();
    check_numbers();
    check_environment();
    check_memory();
    check_threads();
    test_success();
}
