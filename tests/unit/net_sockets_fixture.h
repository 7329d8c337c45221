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

static __attribute__((unused)) struct end ends[PAIRS][2];
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

static inline void attach(struct end *e, struct socket *s)
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

static inline unsigned long steps(unsigned long otherwise)
{
    const char *text = getenv("NET_SOCKETS_STEPS");

    return text != NULL ? strtoul(text, NULL, 0) : otherwise;
}

/* Everything is closed and the time of all timers over. */
static inline void check_all_given_back(void)
{
    thread_sleep_ns(1200 * NS_PER_SEC);
    finish_sends();
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        printf(
            "left: port %u, state %d, flags %x, unsent %d, unacked %d, window %u, nrtx %u, persist %u %u, known %d\n",
            pcb->remote_port, pcb->state, pcb->flags, pcb->unsent != NULL, pcb->unacked != NULL, pcb->snd_wnd,
            pcb->nrtx, pcb->persist_backoff, pcb->persist_probe, pcb->callback_arg != NULL);
    }
    assert_int_equal(stream_sending.used, 0);
    assert_int_equal(stream_receiving.used, 0);
    assert_int_equal(rx_out, 0);
    assert_int_equal(mapped.refs, 1);
}

/** make_pattern() - What is sent, and a file of it. */
static void make_pattern(void)
{
    for (size_t i = 0; i < sizeof(pattern); i++) {
        pattern[i] = (uint8_t)((i % PERIOD) * 131 + (i % PERIOD >> 8));
    }
    file_init(&mapped, &mapped_ops, FILE_READ);
}

#endif
