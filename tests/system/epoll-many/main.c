// SPDX-License-Identifier: MIT
/*
 * Claim: an epoll of 10,000 descriptors finds the ready ones at a price that does not depend on the others; threads feed it
 * while another one waits; timers and pipes end its wait; all of it in 16 MiB.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "system_test.h"

#define MANY   10000
#define FEW    10
#define ROUNDS 2000

static int fds[MANY];

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void watch(int ep, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};

    CHECK_EQUAL(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event), 0);
}

/* ns a round in which one descriptor becomes ready, is told and read. */
static uint64_t cost_of_a_round(int ep, int nr)
{
    struct epoll_event got[16];
    uint64_t began = now_ns();

    for (int round = 0; round < ROUNDS; round++) {
        int fd = fds[(round * 7919) % nr];
        eventfd_t value;

        CHECK_EQUAL(eventfd_write(fd, 1), 0);
        CHECK_EQUAL(epoll_wait(ep, got, 16, -1), 1);
        CHECK_EQUAL(got[0].data.fd, fd);
        CHECK_EQUAL(eventfd_read(fd, &value), 0);
    }
    return (now_ns() - began) / ROUNDS;
}

static void *write_to_all(void *arg)
{
    (void)arg;
    for (int i = 0; i < MANY; i++) {
        CHECK_EQUAL(eventfd_write(fds[i], (eventfd_t)i + 1), 0);
        if (i % 97 == 0) {
            sched_yield();
        }
    }
    return NULL;
}

/* Every descriptor exactly once, by edges, while another thread writes. */
static void hear_of_all(int ep)
{
    static unsigned char heard[MANY + 16];
    struct epoll_event got[64];
    pthread_t writer;
    int total = 0;

    CHECK_EQUAL(pthread_create(&writer, NULL, write_to_all, NULL), 0);
    while (total < MANY) {
        int nr = epoll_wait(ep, got, 64, 60000);

        CHECK(nr > 0);
        for (int i = 0; i < nr; i++) {
            int index = got[i].data.fd - fds[0];
            eventfd_t value;

            CHECK(index >= 0 && index < MANY && !heard[index]);
            heard[index] = 1;
            CHECK_EQUAL(eventfd_read(got[i].data.fd, &value), 0);
            CHECK_EQUAL(value, index + 1);
        }
        total += nr;
    }
    CHECK_EQUAL(pthread_join(writer, NULL), 0);
}

static void timers_end_the_wait(int ep)
{
    struct itimerspec period = {.it_value.tv_nsec = 20000000, .it_interval.tv_nsec = 20000000};
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    uint64_t began, expirations = 0;

    watch(ep, timer, EPOLLIN);
    began = now_ns();
    CHECK_EQUAL(timerfd_settime(timer, 0, &period, NULL), 0);
    while (expirations < 10) {
        struct epoll_event got;
        uint64_t nr;

        CHECK_EQUAL(epoll_wait(ep, &got, 1, -1), 1);
        CHECK_EQUAL(read(timer, &nr, sizeof(nr)), sizeof(nr));
        expirations += nr;
    }
    CHECK(now_ns() - began >= 200000000);
    CHECK_EQUAL(close(timer), 0);
}

int main(void)
{
    int small = epoll_create1(0), large = epoll_create1(EPOLL_CLOEXEC);
    uint64_t few_ns, many_ns, began;
    struct epoll_event got;

    for (int i = 0; i < MANY; i++) {
        fds[i] = eventfd(0, EFD_NONBLOCK);
        CHECK(fds[i] >= 0);
        CHECK_EQUAL(fds[i], fds[0] + i);
    }
    for (int i = 0; i < FEW; i++) {
        watch(small, fds[i], EPOLLIN);
    }
    few_ns = cost_of_a_round(small, FEW);
    for (int i = 0; i < FEW; i++) {
        CHECK_EQUAL(epoll_ctl(small, EPOLL_CTL_DEL, fds[i], NULL), 0);
    }
    for (int i = 0; i < MANY; i++) {
        watch(large, fds[i], EPOLLIN | EPOLLET);
    }
    many_ns = cost_of_a_round(large, MANY);
    printf("a round costs %lu ns with %d descriptors, %lu ns with %d\n", (unsigned long)few_ns, FEW,
           (unsigned long)many_ns, MANY);
    /* A thousand times the descriptors; caches may make it some times the price. */
    CHECK(many_ns < 20 * few_ns + 2000);
    hear_of_all(large);
    began = now_ns();
    CHECK_EQUAL(epoll_wait(large, &got, 1, 30), 0);
    CHECK(now_ns() - began >= 30000000);
    timers_end_the_wait(large);
    for (int i = 0; i < MANY; i++) {
        CHECK_EQUAL(close(fds[i]), 0);
    }
    CHECK_EQUAL(close(large), 0);
    CHECK_EQUAL(epoll_wait(large, &got, 1, 0), -1);
    CHECK_EQUAL(errno, EBADF);
    test_success();
}
