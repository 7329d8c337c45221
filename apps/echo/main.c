// SPDX-License-Identifier: MIT
/*
 * echo: sends back what it gets, by TCP and UDP, IPv4 and IPv6, on one port: echo [PORT], 7 by default. One thread, one epoll.
 *
 * A connection that does not take its own bytes back is not read from meanwhile, so each costs at most one buffer.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_BYTES 65536
#define READ_TURNS   16
#define EVENTS       64

enum kind { LISTENER, DATAGRAMS, CONNECTION };

struct end {
    enum kind kind;
    int fd;
    bool readable;
    char *held; /* what the peer has not taken back yet */
    size_t at, length;
};

static int epoll;
static in_port_t own_port; /* in the network's byte order */
static char buffer[BUFFER_BYTES];

static void say(const char *words)
{
    if (write(1, words, strlen(words)) < 0) {
        exit(1);
    }
}

static bool watch(struct end *end, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = end};

    return epoll_ctl(epoll, EPOLL_CTL_ADD, end->fd, &event) == 0;
}

static struct end *new_end(enum kind kind, int fd, uint32_t events)
{
    struct end *end = calloc(1, sizeof(*end));

    if (end != NULL) {
        end->kind = kind;
        end->fd = fd;
    }
    if (end == NULL || !watch(end, events)) {
        free(end);
        close(fd);
        return NULL;
    }
    return end;
}

static void end_connection(struct end *end)
{
    close(end->fd);
    free(end->held);
    free(end);
}

/* false: it cannot go on. */
static bool hold(struct end *end, const char *bytes, size_t length)
{
    end->held = malloc(length);
    if (end->held == NULL) {
        return false;
    }
    memcpy(end->held, bytes, length);
    end->at = 0;
    end->length = length;
    return true;
}

/* Sent, or kept. */
static bool send_back(struct end *end, const char *bytes, size_t length)
{
    ssize_t sent = send(end->fd, bytes, length, MSG_NOSIGNAL);

    if (sent < 0 && errno != EAGAIN) {
        return false;
    }
    sent = sent < 0 ? 0 : sent;
    return (size_t)sent == length || hold(end, bytes + sent, length - (size_t)sent);
}

static bool send_held(struct end *end)
{
    while (end->length > 0) {
        ssize_t sent = send(end->fd, end->held + end->at, end->length, MSG_NOSIGNAL);

        if (sent < 0) {
            return errno == EAGAIN;
        }
        end->at += (size_t)sent;
        end->length -= (size_t)sent;
    }
    free(end->held);
    end->held = NULL;
    return true;
}

/* As far as it goes. false: the connection has ended. */
static bool serve(struct end *end)
{
    if (end->held != NULL && !send_held(end)) {
        return false;
    }
    while (end->held == NULL && end->readable) {
        ssize_t got = recv(end->fd, buffer, sizeof(buffer), 0);

        if (got < 0 && errno == EAGAIN) {
            end->readable = false;
        } else if (got <= 0 || !send_back(end, buffer, (size_t)got)) {
            return false;
        }
    }
    return true;
}

static void accept_all(int listener)
{
    for (int turn = 0; turn < READ_TURNS; turn++) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;

        if (fd < 0) {
            return;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        new_end(CONNECTION, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    }
}

static void return_datagrams(int fd)
{
    for (int turn = 0; turn < READ_TURNS; turn++) {
        struct sockaddr_storage from;
        socklen_t length = sizeof(from);
        ssize_t got = recvfrom(fd, buffer, sizeof(buffer), MSG_DONTWAIT, (struct sockaddr *)&from, &length);

        if (got < 0) {
            return;
        }
        /* Two echo servers would go on for ever; the port is at the same place in both families' addresses. */
        if (((struct sockaddr_in *)&from)->sin_port == own_port) {
            continue;
        }
        /* A datagram may be lost on its way; here too, when there is no room. */
        if (sendto(fd, buffer, (size_t)got, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&from, length) <
            0) {
            continue;
        }
    }
}

static bool open_port(int family, int type, uint16_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int one = 1, fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return false;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    }
    if (bind(fd, family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
             family == AF_INET ? sizeof(v4) : sizeof(v6)) != 0 ||
        (type == SOCK_STREAM && listen(fd, 128) != 0)) {
        close(fd);
        return false;
    }
    return new_end(type == SOCK_STREAM ? LISTENER : DATAGRAMS, fd, EPOLLIN) != NULL;
}

int main(int argc, char **argv)
{
    struct epoll_event events[EVENTS];
    unsigned long port = argc > 1 ? strtoul(argv[1], NULL, 10) : 7;

    if (port == 0 || port > 65535) {
        say("echo: usage: echo [PORT]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    own_port = htons((uint16_t)port);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0 || !open_port(AF_INET, SOCK_STREAM, (uint16_t)port) ||
        !open_port(AF_INET, SOCK_DGRAM, (uint16_t)port)) {
        say("echo: the port cannot be had\n");
        return 1;
    }
    bool both = open_port(AF_INET6, SOCK_STREAM, (uint16_t)port) &&
                open_port(AF_INET6, SOCK_DGRAM, (uint16_t)port);

    say(both ? "echo: ready, IPv4 and IPv6\n" : "echo: ready, IPv4\n");
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            struct end *end = events[i].data.ptr;

            if (end->kind == LISTENER) {
                accept_all(end->fd);
            } else if (end->kind == DATAGRAMS) {
                return_datagrams(end->fd);
            } else {
                end->readable = end->readable ||
                                events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR);
                if (!serve(end)) {
                    end_connection(end);
                }
            }
        }
    }
}
