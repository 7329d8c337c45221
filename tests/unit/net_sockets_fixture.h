// SPDX-License-Identifier: MIT
/*
 * What the tests of sockets over the stack start from: ends of connections with a model of their bytes, and a file that maps the pattern.
 */
#ifndef NET_SOCKETS_FIXTURE_H
#define NET_SOCKETS_FIXTURE_H

#include "../../lib/socket/stream.h"
#include "net_fixture.h"

#include <lwip/priv/tcp_priv.h>

#include <netinet/tcp.h>
#include <signal.h>

#define PAIRS  12
#define PERIOD 65521U /* of the pattern; a prime, so that no buffer's size fits */

int own_raise(int number);

struct end {
    struct file_watch watch;
    struct socket *s;
    struct end *peer;
    uint64_t sent, received;
    bool write_shut, read_shut, reset;
    bool wants_read, told_read, wants_write, told_write;
};

static struct end ends[PAIRS][2];
static struct socket *listener;
static struct sockaddr_in where;
static uint8_t pattern[2 * PERIOD];
static bool failing; /* allocations were made to fail: connections may break */
static struct file mapped;
static unsigned int pipes;

int own_raise(int number)
{
    assert_int_equal(number, SIGPIPE);
    pipes++;
    return 0;
}

void console_watched(void);
void console_watched(void)
{
}

struct file console_file;

long libc_result(long rc);
long libc_result(long rc)
{
    return rc;
}

static void changed(struct file_watch *watch, unsigned int ready)
{
    struct end *e = container_of(watch, struct end, watch);

    if ((ready & FILE_RELEASED) != 0) {
        return;
    }
    e->told_read |= (ready & (FILE_CAN_READ | FILE_HANGUP | FILE_FAILED | FILE_PEER_CLOSED)) != 0;
    e->told_write |= (ready & (FILE_CAN_WRITE | FILE_HANGUP | FILE_FAILED)) != 0;
}

static int map_pattern(struct file *file, uint64_t offset, const void **address, size_t *bytes)
{
    if (fake_random_below(4) == 0) {
        return -ENODEV;
    }
    *address = pattern + offset % PERIOD;
    *bytes = PERIOD;
    return 0;
}

static long read_pattern(struct file *file, void *buf, size_t bytes, uint64_t offset)
{
    bytes = bytes < PERIOD ? bytes : PERIOD;
    memcpy(buf, pattern + offset % PERIOD, bytes);
    return (long)bytes;
}

static const struct file_ops mapped_ops = {.map = map_pattern, .read_at = read_pattern};

static void attach(struct end *e, struct socket *s)
{
    struct end *peer = e->peer;

    memset(e, 0, sizeof(*e));
    e->peer = peer;
    e->s = s;
    e->watch.changed = changed;
    file_watch(&s->file, &e->watch);
}

static struct socket *new_stream(void)
{
    struct socket *s;
    int rc = stream_create(AF_INET, &s);

    if (rc != 0) {
        assert_true(failing);
        return NULL;
    }
    return s;
}

#endif
