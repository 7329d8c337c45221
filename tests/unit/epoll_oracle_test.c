// SPDX-License-Identifier: MIT
/*
 * epoll here and epoll of the Linux that the test runs on give the same answers to the same operations, in an order from a seed:
 * level, edge, one shot; pipes, event counters, epolls in epolls, descriptors that are duplicated and closed; errors too.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "own_posix.h"

#define STEPS     100000
#define NR_SLOTS  24
#define NR_EPOLLS 4
#define MAX_EVENTS 64
#define CHUNK     4096 /* what Linux' pipes count in */

static void set_nonblock(int fd)
{
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

/* Both sides of every call. */
static const struct calls {
    int (*epoll_create1)(int flags);
    int (*epoll_ctl)(int epfd, int operation, int fd, struct epoll_event *event);
    int (*epoll_wait)(int epfd, struct epoll_event *events, int max, int timeout_ms);
    int (*poll)(struct pollfd *fds, nfds_t nr, int timeout_ms);
    int (*eventfd)(unsigned int count, int flags);
    int (*pipe)(int fds[2]);
    ssize_t (*read)(int fd, void *buf, size_t bytes);
    ssize_t (*write)(int fd, const void *buf, size_t bytes);
    int (*close)(int fd);
    int (*dup)(int fd);
    void (*set_nonblock)(int fd);
} sides[2] = {
    {epoll_create1, epoll_ctl, epoll_wait, poll, eventfd, pipe, read, write, close, dup, set_nonblock},
    {own_epoll_create1, own_epoll_ctl, own_epoll_wait, own_poll, own_eventfd, own_pipe, own_read, own_write,
     own_close, own_dup, own_set_nonblock},
};

enum slot_kind {
    FREE,
    PIPE_READER,
    PIPE_WRITER,
    EVENT,
    EPOLL,
};

/* A descriptor on both sides. */
static struct slot {
    enum slot_kind kind;
    int fd[2];
} slots[NR_SLOTS];

static unsigned int step;

#define BOTH(result, call)                                                                                  \
    do {                                                                                                    \
        long results_[2];                                                                                   \
        int errors_[2];                                                                                     \
        for (int side = 0; side < 2; side++) {                                                              \
            errno = 0;                                                                                      \
            results_[side] = sides[side].call;                                                              \
            errors_[side] = results_[side] < 0 ? errno : 0;                                                 \
        }                                                                                                   \
        if (results_[0] != results_[1] || errors_[0] != errors_[1]) {                                       \
            fail_msg("step %u, %s: Linux %ld (%s), here %ld (%s)", step, #call, results_[0],                \
                     strerror(errors_[0]), results_[1], strerror(errors_[1]));                              \
        }                                                                                                   \
        (result) = results_[1];                                                                             \
    } while (0)

static int find(enum slot_kind kind)
{
    unsigned int from = (unsigned int)fake_random_below(NR_SLOTS);

    for (unsigned int i = 0; i < NR_SLOTS; i++) {
        unsigned int s = (from + i) % NR_SLOTS;

        if (slots[s].kind == kind) {
            return (int)s;
        }
    }
    return -1;
}

static int find_open(void)
{
    unsigned int from = (unsigned int)fake_random_below(NR_SLOTS);

    for (unsigned int i = 0; i < NR_SLOTS; i++) {
        unsigned int s = (from + i) % NR_SLOTS;

        if (slots[s].kind != FREE) {
            return (int)s;
        }
    }
    return -1;
}

static void open_pipe(void)
{
    int reader = find(FREE);
    int writer;

    if (reader < 0) {
        return;
    }
    slots[reader].kind = PIPE_READER;
    writer = find(FREE);
    if (writer < 0) {
        slots[reader].kind = FREE;
        return;
    }
    slots[writer].kind = PIPE_WRITER;
    for (int side = 0; side < 2; side++) {
        int fds[2];

        assert_int_equal(sides[side].pipe(fds), 0);
        sides[side].set_nonblock(fds[0]);
        sides[side].set_nonblock(fds[1]);
        slots[reader].fd[side] = fds[0];
        slots[writer].fd[side] = fds[1];
    }
}

static void open_event(void)
{
    int s = find(FREE);
    unsigned int count = (unsigned int)fake_random_below(2);
    int flags = fake_random_below(2) != 0 ? EFD_NONBLOCK : EFD_NONBLOCK | EFD_SEMAPHORE;

    if (s < 0) {
        return;
    }
    slots[s].kind = EVENT;
    for (int side = 0; side < 2; side++) {
        slots[s].fd[side] = sides[side].eventfd(count, flags);
        assert_true(slots[s].fd[side] >= 0);
    }
}

static void open_epoll(void)
{
    int s = find(FREE);
    int nr = 0;

    for (int i = 0; i < NR_SLOTS; i++) {
        nr += slots[i].kind == EPOLL;
    }
    if (s < 0 || nr >= NR_EPOLLS) {
        return;
    }
    slots[s].kind = EPOLL;
    for (int side = 0; side < 2; side++) {
        slots[s].fd[side] = sides[side].epoll_create1(0);
        assert_true(slots[s].fd[side] >= 0);
    }
}

static void duplicate(void)
{
    int from = find_open();
    int to = find(FREE);

    if (from < 0 || to < 0 || slots[from].kind == EPOLL) {
        return;
    }
    slots[to].kind = slots[from].kind;
    for (int side = 0; side < 2; side++) {
        slots[to].fd[side] = sides[side].dup(slots[from].fd[side]);
        assert_true(slots[to].fd[side] >= 0);
    }
}

static void close_one(void)
{
    int s = find_open();
    long rc;

    if (s >= 0) {
        BOTH(rc, close(slots[s].fd[side]));
        assert_int_equal(rc, 0);
        slots[s].kind = FREE;
    }
}

static bool is_ready(int s, short events)
{
    struct pollfd p = {.fd = slots[s].fd[1], .events = events};

    return own_poll(&p, 1, 0) > 0;
}

/* Linux tells of a write to a full pipe that failed as of one that did not. We do not, so there are none here. */
static void transfer(void)
{
    static unsigned char buf[20 * CHUNK];
    size_t bytes = CHUNK * (1 + fake_random_below(20));
    uint64_t count = fake_random_below(8) == 0 ? UINT64_MAX - 1 - fake_random_below(2) : fake_random_below(4);
    long rc;
    int s;

    switch (fake_random_below(4)) {
    case 0:
        s = find(PIPE_WRITER);
        if (s >= 0 && is_ready(s, POLLOUT)) {
            BOTH(rc, write(slots[s].fd[side], buf, bytes));
        }
        break;
    case 1:
        s = find(PIPE_READER);
        if (s >= 0) {
            BOTH(rc, read(slots[s].fd[side], buf, bytes));
        }
        break;
    case 2:
        s = find(EVENT);
        if (s >= 0) {
            BOTH(rc, write(slots[s].fd[side], &count, sizeof(count)));
        }
        break;
    default:
        s = find(EVENT);
        if (s >= 0) {
            BOTH(rc, read(slots[s].fd[side], buf, 8));
        }
        break;
    }
}

/* Only pipes on Linux are sure to wake for the second names of reading and writing; here every file is. */
static uint32_t random_events(enum slot_kind kind)
{
    static const uint32_t bits[] = {EPOLLIN,     EPOLLOUT,    EPOLLRDHUP, EPOLLPRI,
                                    EPOLLRDNORM, EPOLLWRNORM, EPOLLET,    EPOLLONESHOT};
    static const unsigned int one_in[] = {2, 2, 4, 8, 8, 8, 3, 4};
    uint32_t events = 0;

    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        if (fake_random_below(one_in[i]) == 0) {
            events |= bits[i];
        }
    }
    return kind == EVENT || kind == EPOLL ? events & ~(uint32_t)(EPOLLRDNORM | EPOLLWRNORM) : events;
}

static void control(void)
{
    struct epoll_event event;
    int ep = fake_random_below(50) == 0 ? find_open() : find(EPOLL);
    int s = fake_random_below(3) == 0 ? find(EPOLL) : find_open();
    int operation = fake_random_below(100) == 0 ? 7 : 1 + (int)fake_random_below(3);
    long rc;

    if (ep < 0 || s < 0) {
        return;
    }
    event.events = random_events(slots[s].kind);
    event.data.u64 = step;
    BOTH(rc, epoll_ctl(slots[ep].fd[side], operation, slots[s].fd[side], &event));
}

/* Linux tells watches in another order than we do. */
static int by_data(const void *a, const void *b)
{
    uint64_t x = ((const struct epoll_event *)a)->data.u64, y = ((const struct epoll_event *)b)->data.u64;

    return (x > y) - (x < y);
}

static void wait_for_all(void)
{
    struct epoll_event events[2][MAX_EVENTS];
    int ep = find(EPOLL);
    long nr;

    if (ep < 0) {
        return;
    }
    BOTH(nr, epoll_wait(slots[ep].fd[side], events[side], MAX_EVENTS, 0));
    for (int side = 0; side < 2 && nr > 0; side++) {
        qsort(events[side], (size_t)nr, sizeof(events[side][0]), by_data);
    }
    for (long i = 0; i < nr; i++) {
        if (events[0][i].events != events[1][i].events || events[0][i].data.u64 != events[1][i].data.u64) {
            fail_msg("step %u, event %ld of %ld: Linux %x of step %lu, here %x of step %lu", step, i, nr,
                     events[0][i].events, (unsigned long)events[0][i].data.u64, events[1][i].events,
                     (unsigned long)events[1][i].data.u64);
        }
    }
}

static void poll_all(void)
{
    struct pollfd fds[2][NR_SLOTS];
    int rc[2];

    for (int s = 0; s < NR_SLOTS; s++) {
        short events = (short)(random_events(slots[s].kind) & 0x7fff);

        for (int side = 0; side < 2; side++) {
            fds[side][s] = (struct pollfd){
                .fd = slots[s].kind != FREE ? slots[s].fd[side] : -1 - s,
                .events = events,
            };
        }
    }
    rc[0] = poll(fds[0], NR_SLOTS, 0);
    rc[1] = own_poll(fds[1], NR_SLOTS, 0);
    for (int s = 0; s < NR_SLOTS; s++) {
        if (fds[0][s].revents != fds[1][s].revents) {
            fail_msg("step %u, poll for %x, kind %d: Linux %x, here %x", step, fds[0][s].events,
                     slots[s].kind, fds[0][s].revents, fds[1][s].revents);
        }
    }
    assert_int_equal(rc[0], rc[1]);
}

static void the_answers_are_those_of_linux(void **state)
{
    size_t blocks;

    (void)state;
    assert_int_equal(fd_dup2(0, 2 * NR_SLOTS), 2 * NR_SLOTS); /* the table has its size now */
    blocks = fake_heap_blocks;
    for (step = 0; step < STEPS; step++) {
        switch (fake_random_below(32)) {
        case 0:
            open_pipe();
            break;
        case 1:
            open_event();
            break;
        case 2:
            open_epoll();
            break;
        case 3:
            duplicate();
            break;
        case 4:
        case 5:
            close_one();
            break;
        case 6:
            poll_all();
            break;
        case 7 ... 14:
            control();
            break;
        case 15 ... 23:
            transfer();
            break;
        default:
            wait_for_all();
            break;
        }
    }
    for (int s = 0; s < NR_SLOTS; s++) {
        if (slots[s].kind != FREE) {
            (void)close(slots[s].fd[0]);
            (void)own_close(slots[s].fd[1]);
        }
    }
    assert_int_equal(fake_heap_blocks, blocks);
}

static void epolls_nest_as_deep_as_linux_has_them(void **state)
{
    struct epoll_event event = {.events = EPOLLIN};
    int fd[2][8];
    long rc;

    (void)state;
    for (int i = 0; i < 8; i++) {
        fd[0][i] = epoll_create1(0);
        fd[1][i] = own_epoll_create1(0);
    }
    for (int i = 0; i < 7; i++) {
        BOTH(rc, epoll_ctl(fd[side][i + 1], EPOLL_CTL_ADD, fd[side][i], &event));
    }
    BOTH(rc, epoll_ctl(fd[side][0], EPOLL_CTL_ADD, fd[side][2], &event));
    assert_int_equal(rc, -1);
    BOTH(rc, epoll_ctl(fd[side][3], EPOLL_CTL_ADD, fd[side][3], &event));
    assert_int_equal(rc, -1);
    for (int i = 0; i < 8; i++) {
        (void)close(fd[0][i]);
        (void)own_close(fd[1][i]);
    }
}

static int boot(void **state)
{
    (void)state;
    fake_boot(4096);
    (void)signal(SIGPIPE, SIG_IGN);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answers_are_those_of_linux),
        cmocka_unit_test(epolls_nest_as_deep_as_linux_has_them),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
