// SPDX-License-Identifier: MIT
/*
 * The event loop: listening sockets, all connections, their time-outs. What a connection waits for has one time-out for all, so a list in
 * order of waiting is a list in order of deadlines, and every operation on it is O(1).
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "httpd.h"

#define EVENTS       128
#define ACCEPT_TURNS 64
#define BACKLOG      1024
#define REFUSALS     16  /* connections above the limit that are told so at a time */
#define SPARE        64
#define GRAIN_MS     128 /* of time-outs; a power of two */
#define PAUSE_MS     100 /* after the system ran out of something */

struct counters counters;
uint64_t server_ms, server_start_ms, server_second, server_boot_id;
char server_date[FIELDS_DATE_LENGTH];

static struct {
    int epoll, listeners[2];
    bool paused;
    uint64_t resume_ms, next_second_ms;
    struct {
        struct conn *first, *last;
        uint64_t ms;
    } waiting[WAIT_KINDS];
    struct conn *go_on, *dead, *spare;
    unsigned int nr_spare;
} server;

static void tick(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    server_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    if (server_ms >= server.next_second_ms) {
        clock_gettime(CLOCK_REALTIME, &now);
        server_second = (uint64_t)now.tv_sec;
        server.next_second_ms = server_ms + 1000 - (uint64_t)now.tv_nsec / 1000000;
        field_write_date((int64_t)server_second, server_date);
    }
}

static void stop_waiting(struct conn *c)
{
    if (c->waits == WAIT_KINDS) {
        return;
    }
    *(c->earlier != NULL ? &c->earlier->later : &server.waiting[c->waits].first) = c->later;
    *(c->later != NULL ? &c->later->earlier : &server.waiting[c->waits].last) = c->earlier;
    c->waits = WAIT_KINDS;
}

void server_wait(struct conn *c, enum wait_for what)
{
    /* In steps, so that a busy connection does not move in its list with each request. */
    uint64_t deadline_ms = (server_ms | (GRAIN_MS - 1)) + server.waiting[what].ms;

    if (c->waits == what && c->deadline_ms == deadline_ms) {
        return;
    }
    stop_waiting(c);
    c->waits = (uint8_t)what;
    c->deadline_ms = deadline_ms;
    c->later = NULL;
    c->earlier = server.waiting[what].last;
    *(c->earlier != NULL ? &c->earlier->later : &server.waiting[what].first) = c;
    server.waiting[what].last = c;
}

void server_again(struct conn *c)
{
    if (!c->again) {
        c->again = true;
        c->next = server.go_on;
        server.go_on = c;
    }
}

void server_watch_write(struct conn *c, bool on)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET | (on ? EPOLLOUT : 0),
                                .data.ptr = c};

    if (c->write_armed != on || on) {
        c->write_armed = on;
        if (epoll_ctl(server.epoll, EPOLL_CTL_MOD, c->fd, &event) != 0) {
            c->dead = true;
        }
    }
}

static void pause_accepting(void)
{
    if (!server.paused) {
        server.paused = true;
        server.resume_ms = server_ms + PAUSE_MS;
        for (int i = 0; i < 2 && server.listeners[i] >= 0; i++) {
            epoll_ctl(server.epoll, EPOLL_CTL_DEL, server.listeners[i], NULL);
        }
    }
}

static void resume_accepting(void)
{
    server.paused = false;
    for (int i = 0; i < 2 && server.listeners[i] >= 0; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &server.listeners[i]};

        if (epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.listeners[i], &event) != 0 && errno != EEXIST) {
            pause_accepting();
            return;
        }
    }
}

/* Its memory is used again after this round, because events of this round may still name it. */
void server_close(struct conn *c)
{
    if (c->fd < 0) {
        return;
    }
    stop_waiting(c);
    out_drop(c);
    free(c->in);
    c->in = NULL;
    close(c->fd);
    c->fd = -1;
    counters.closed++;
    counters.open--;
    if (!c->again) {
        c->next = server.dead;
        server.dead = c;
    }
}

/* A few are kept for the next connections; after a rush the memory goes back. */
static void put_away(struct conn *c)
{
    if (server.nr_spare >= SPARE) {
        free(c);
        return;
    }
    server.nr_spare++;
    c->next = server.spare;
    server.spare = c;
}

static struct conn *open_connection(int fd)
{
    struct conn *c = server.spare;

    if (c != NULL) {
        server.spare = c->next;
        server.nr_spare--;
    } else if ((c = malloc(sizeof(*c))) == NULL) {
        return NULL;
    }
    memset(c, 0, sizeof(*c));
    c->fd = fd;
    c->waits = WAIT_KINDS;
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = c};

    if (epoll_ctl(server.epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        put_away(c);
        return NULL;
    }
    counters.open++;
    counters.open_max = counters.open > counters.open_max ? counters.open : counters.open_max;
    server_wait(c, WAIT_HEAD);
    return c;
}

static void refuse(struct conn *c)
{
    counters.refused++;
    c->close_after = c->linger = true;
    respond_error(c, NULL, 503, NULL, false);
    conn_run(c);
}

/* false: no more for now. */
static bool accept_one(int listener)
{
    bool full = counters.open >= options.max_connections;

    if (full && server.waiting[WAIT_IDLE].first != NULL) {
        counters.evicted++;
        server_close(server.waiting[WAIT_IDLE].first);
        full = false;
    }
    if (full && counters.open >= options.max_connections + REFUSALS) {
        pause_accepting();
        return false;
    }
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            if (server.waiting[WAIT_IDLE].first != NULL) {
                counters.evicted++;
                server_close(server.waiting[WAIT_IDLE].first);
            } else {
                pause_accepting();
            }
            return false;
        }
        return errno == ECONNABORTED || errno == EINTR || errno == EPROTO;
    }
    struct conn *c = open_connection(fd);

    counters.accepted++;
    if (c == NULL) {
        close(fd);
        counters.refused++;
        pause_accepting();
        return false;
    }
    if (full) {
        refuse(c);
    }
    return true;
}

static void on_event(const struct epoll_event *event)
{
    if (event->data.ptr == &server.listeners[0] || event->data.ptr == &server.listeners[1]) {
        for (int turn = 0; turn < ACCEPT_TURNS && !server.paused && accept_one(*(int *)event->data.ptr);
             turn++) {
        }
        return;
    }
    struct conn *c = event->data.ptr;

    if (c->fd < 0) {
        return;
    }
    if (event->events & (EPOLLERR | EPOLLHUP)) {
        c->dead = c->dead || event->events & EPOLLERR;
        c->readable = c->peer_closed = true;
    }
    if (event->events & EPOLLRDHUP) {
        c->peer_closed = c->readable = true;
    }
    if (event->events & EPOLLIN) {
        c->readable = true;
    }
    conn_run(c);
}

static void expire(void)
{
    for (int what = 0; what < WAIT_KINDS; what++) {
        struct conn *c;

        while ((c = server.waiting[what].first) != NULL && c->deadline_ms <= server_ms) {
            counters.timed_out++;
            if (what != WAIT_HEAD || c->in == NULL || out_pending(c)) {
                server_close(c);
                continue;
            }
            /* Half a head: say why, once. */
            stop_waiting(c);
            c->close_after = c->linger = true;
            respond_error(c, NULL, 408, NULL, false);
            conn_run(c);
        }
    }
    if (server.paused && server.resume_ms <= server_ms) {
        resume_accepting();
    }
}

static int next_deadline(void)
{
    uint64_t next = server.paused ? server.resume_ms : UINT64_MAX;

    if (server.go_on != NULL) {
        return 0;
    }
    for (int what = 0; what < WAIT_KINDS; what++) {
        struct conn *c = server.waiting[what].first;

        next = c != NULL && c->deadline_ms < next ? c->deadline_ms : next;
    }
    if (next == UINT64_MAX) {
        return -1;
    }
    return next <= server_ms ? 0 : next - server_ms > 60000 ? 60000 : (int)(next - server_ms);
}

static void go_on(void)
{
    struct conn *c = server.go_on;

    server.go_on = NULL;
    while (c != NULL) {
        struct conn *next = c->next;

        c->again = false;
        if (c->fd >= 0) {
            conn_run(c);
        } else {
            c->next = server.dead;
            server.dead = c;
        }
        c = next;
    }
}

static int listen_on(int family)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)options.port)};
    int one = 1, fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    /* Inherited by what is accepted. Each answer leaves whole, so there is nothing for Nagle to gather. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    }
    if (bind(fd, family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
             family == AF_INET ? sizeof(v4) : sizeof(v6)) != 0 ||
        listen(fd, BACKLOG) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int server_start(void)
{
    tick();
    server_start_ms = server_ms;
    server_boot_id = server_second * UINT64_C(0x2545F4914F6CDD1D) ^ server_ms << 20;
    server.waiting[WAIT_HEAD].ms = options.head_timeout * 1000;
    server.waiting[WAIT_IDLE].ms = options.idle_timeout * 1000;
    server.waiting[WAIT_BODY].ms = options.body_timeout * 1000;
    server.waiting[WAIT_WRITE].ms = options.write_timeout * 1000;
    server.waiting[WAIT_LINGER].ms = 5000;
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    server.listeners[0] = listen_on(AF_INET);
    if (server.epoll < 0 || server.listeners[0] < 0) {
        return -1;
    }
    server.listeners[1] = listen_on(AF_INET6); /* an image without IPv6 serves IPv4 */
    resume_accepting();
    return 0;
}

void server_run(void)
{
    static struct epoll_event events[EVENTS];

    for (;;) {
        int count = epoll_wait(server.epoll, events, EVENTS, next_deadline());

        tick();
        for (int i = 0; i < count; i++) {
            on_event(&events[i]);
        }
        go_on();
        expire();
        while (server.dead != NULL) {
            struct conn *c = server.dead;

            server.dead = c->next;
            put_away(c);
        }
    }
}
