// SPDX-License-Identifier: MIT
/*
 * select() in terms of poll(). Sets may be larger than FD_SETSIZE says: what counts is the number of descriptors given. The
 * time-out is left as it was.
 */
#include "poll_priv.h"

#include <sys/select.h>
#include <sys/time.h>

#include <xenolith/compiler.h>
#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/time.h>

#include "../newlib/newlib_priv.h"

#define BITS (8 * sizeof(unsigned long))

/* So many descriptors need no memory from the heap. */
#define FEW 16

enum {
    READ_SET,
    WRITE_SET,
    EXCEPT_SET,
    NR_SETS,
};

/** struct sets - The caller's sets as arrays of words; NULL: not given. fd_set is only the size that most programs take. */
struct sets {
    unsigned long *words[NR_SETS];
};

/* What each set asks poll() for, and which of its answers keep a descriptor in the set. */
static const short asks[NR_SETS] = {POLLIN | POLLRDNORM | POLLRDBAND, POLLOUT | POLLWRNORM | POLLWRBAND,
                                    POLLPRI};
static const short keeps[NR_SETS] = {POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
                                     POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR, POLLPRI};

static short events_of(const struct sets *sets, int fd)
{
    int events = 0;

    for (int s = 0; s < NR_SETS; s++) {
        const unsigned long *words = sets->words[s];

        if (words != NULL && (words[(size_t)fd / BITS] >> ((size_t)fd % BITS) & 1) != 0) {
            events |= asks[s];
        }
    }
    return (short)events;
}

/* Fills in @fds unless it is NULL. How many descriptors are in any set. */
static nfds_t members_of(const struct sets *sets, int nr, struct pollfd *fds)
{
    nfds_t members = 0;

    for (int fd = 0; fd < nr; fd++) {
        short events = events_of(sets, fd);

        if (events == 0) {
            continue;
        }
        if (fds != NULL) {
            fds[members] = (struct pollfd){.fd = fd, .events = events};
        }
        members++;
    }
    return members;
}

static bool stays_in(const struct pollfd *p, int set)
{
    return (p->events & asks[set]) != 0 && (p->revents & keeps[set]) != 0;
}

/* Leaves the sets as poll()'s answers want them. How many bits are in them. */
static int give_back(const struct sets *sets, int nr, const struct pollfd *fds, nfds_t members)
{
    int bits = 0;

    for (int s = 0; s < NR_SETS; s++) {
        unsigned long *words = sets->words[s];

        if (words == NULL) {
            continue;
        }
        for (size_t i = 0; i < ((size_t)nr + BITS - 1) / BITS; i++) {
            words[i] = 0;
        }
        for (nfds_t i = 0; i < members; i++) {
            if (stays_in(&fds[i], s)) {
                words[(size_t)fds[i].fd / BITS] |= 1UL << ((size_t)fds[i].fd % BITS);
                bits++;
            }
        }
    }
    return bits;
}

/*
 * Does any answer count? poll() also ends for a hang-up or an error of which the sets say nothing; such a descriptor is left out
 * from then on, or the next poll() would end at once again. -EBADF.
 */
static int any_counts(struct pollfd *fds, nfds_t members)
{
    int any = 0;

    for (nfds_t i = 0; i < members; i++) {
        struct pollfd *p = &fds[i];

        if ((p->revents & POLLNVAL) != 0) {
            return -EBADF;
        }
        if (stays_in(p, READ_SET) || stays_in(p, WRITE_SET) || stays_in(p, EXCEPT_SET)) {
            any = 1;
        } else if (p->revents != 0) {
            p->fd = -1;
        }
    }
    return any;
}

static int wait_for_members(const struct sets *sets, int nr, struct pollfd *fds, nfds_t members,
                            uint64_t deadline_ns)
{
    int rc;

    do {
        rc = posix_poll(fds, members, deadline_ns);
        if (rc <= 0) {
            break;
        }
        rc = any_counts(fds, members);
    } while (rc == 0);
    return rc < 0 ? rc : give_back(sets, nr, fds, members);
}

static int select_until(int nr, const struct sets *sets, uint64_t deadline_ns)
{
    struct pollfd few[FEW];
    struct pollfd *fds = few;
    nfds_t members;
    int rc;

    if (nr < 0) {
        return -EINVAL;
    }
    nr = MIN(nr, FD_LIMIT);
    members = members_of(sets, nr, NULL);
    if (members > FEW) {
        fds = heap_zalloc(members, sizeof(*fds));
        if (fds == NULL) {
            return -ENOMEM;
        }
    }
    members_of(sets, nr, fds);
    rc = wait_for_members(sets, nr, fds, members, deadline_ns);
    if (fds != few) {
        heap_free(fds);
    }
    return rc;
}

static struct sets sets_of(fd_set *read, fd_set *write, fd_set *except)
{
    return (struct sets){{(unsigned long *)read, (unsigned long *)write, (unsigned long *)except}};
}

int pselect(int nr, fd_set *read, fd_set *write, fd_set *except, const struct timespec *timeout,
            const sigset_t *mask)
{
    struct sets sets = sets_of(read, write, except);
    uint64_t deadline_ns;
    int rc = posix_timeout_ts(timeout, &deadline_ns);

    (void)mask;
    return (int)libc_result(rc != 0 ? rc : select_until(nr, &sets, deadline_ns));
}

int select(int nr, fd_set *read, fd_set *write, fd_set *except, struct timeval *timeout)
{
    struct timespec ts;

    if (timeout == NULL) {
        return pselect(nr, read, write, except, NULL, NULL);
    }
    /* Microseconds of a second and more are allowed here. */
    if (timeout->tv_sec < 0 || timeout->tv_usec < 0) {
        return (int)libc_result(-EINVAL);
    }
    ts.tv_sec = timeout->tv_sec + timeout->tv_usec / 1000000;
    ts.tv_nsec = timeout->tv_usec % 1000000 * 1000;
    return pselect(nr, read, write, except, &ts, NULL);
}
