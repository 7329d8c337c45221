// SPDX-License-Identifier: MIT
/*
 * tcp-peer: streams to a guest, many at once, every byte looked at.
 *
 *   tcp-peer echo ADDRESS PORT CONNECTIONS BYTES    all are open before the first byte goes; each sends BYTES and must get them back
 *   tcp-peer stall ADDRESS PORT CONNECTIONS BYTES   the same, but it reads nothing until it can send no more; then it says "stalled", and goes on
 *                                                   when its standard input ends
 *   tcp-peer get ADDRESS PORT CONNECTIONS REQUEST BODY    the same, with the request in a file, and an answer whose end is the file BODY
 *   tcp-peer hold ADDRESS PORT CONNECTIONS    opens them, sends a byte on each, says "open" and waits for its end without reading
 *   tcp-peer digits PORT    takes one connection; what comes must be iperf's digits; tells how many
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "peer.h"

#define CHUNK     16384u
#define LIMIT_MS  120000
#define STALL_MS  1000 /* nothing could be sent for so long */
#define MOST_HEAD 4096u

struct stream {
    int fd;
    uint32_t seed;
    uint64_t sent, got;
    bool open, done;
    uint32_t watched; /* EPOLLIN, EPOLLOUT */
    uint8_t *answer;  /* get: all that came */
};

static struct stream *streams;
static unsigned long nr_streams, nr_open, nr_done;
static uint64_t bytes_each;
static int epfd;
static bool stalling;           /* nothing is read yet */
static uint8_t *request, *body; /* get */
static size_t request_len, body_len;

static void watch(struct stream *s, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.ptr = s};

    if (s->watched != events &&
        epoll_ctl(epfd, s->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, s->fd, &ev) != 0) {
        die("epoll_ctl");
    }
    s->watched = events;
}

static void finish(struct stream *s)
{
    s->done = true;
    nr_done++;
    close(s->fd);
}

static void send_some(struct stream *s)
{
    uint8_t buf[CHUNK];

    while (s->sent < bytes_each) {
        size_t len = bytes_each - s->sent < CHUNK ? (size_t)(bytes_each - s->sent) : CHUNK;
        ssize_t n;

        /* Odd lengths, so that segments begin anywhere. */
        len = len > 7 ? len - s->sent % 7 : len;
        if (request != NULL) {
            n = send(s->fd, request + s->sent, (size_t)(bytes_each - s->sent), MSG_NOSIGNAL);
        } else {
            fill_pattern(buf, len, s->sent, s->seed);
            n = send(s->fd, buf, len, MSG_NOSIGNAL);
        }
        if (n < 0 && errno == EAGAIN) {
            return;
        }
        if (n <= 0) {
            die("connection %u: send after %llu bytes", s->seed, (unsigned long long)s->sent);
        }
        s->sent += (uint64_t)n;
    }
    watch(s, stalling ? EPOLLRDHUP : EPOLLIN);
    if (request == NULL) {
        (void)shutdown(s->fd, SHUT_WR);
    }
}

/* The answer is whole when the head has ended and the body has come. */
static void look_at_answer(struct stream *s)
{
    uint8_t *end = memmem(s->answer, s->got, "\r\n\r\n", 4);
    size_t head = end == NULL ? 0 : (size_t)(end - s->answer) + 4;

    if (end == NULL || s->got < head + body_len) {
        return;
    }
    errno = 0;
    if (memcmp(s->answer, "HTTP/1.1 200 ", 13) != 0 || s->got != head + body_len ||
        memcmp(s->answer + head, body, body_len) != 0) {
        die("connection %u: a wrong answer: %.*s", s->seed, (int)head, s->answer);
    }
    finish(s);
}

static void take_some(struct stream *s)
{
    uint8_t buf[CHUNK];

    while (!s->done) {
        ssize_t n = recv(s->fd, buf, sizeof(buf), 0);

        if (n < 0 && errno == EAGAIN) {
            return;
        }
        if (n < 0) {
            die("connection %u: receive after %llu bytes", s->seed, (unsigned long long)s->got);
        }
        errno = 0;
        if (request != NULL) {
            if (n == 0 || s->got + (size_t)n > MOST_HEAD + body_len) {
                die("connection %u: the answer ended after %llu bytes", s->seed, (unsigned long long)s->got);
            }
            memcpy(s->answer + s->got, buf, (size_t)n);
            s->got += (uint64_t)n;
            look_at_answer(s);
            continue;
        }
        if (n == 0) {
            if (s->got != bytes_each || s->sent != bytes_each) {
                die("connection %u ended after %llu bytes of %llu", s->seed, (unsigned long long)s->got,
                    (unsigned long long)bytes_each);
            }
            finish(s);
            return;
        }
        if (s->got + (uint64_t)n > s->sent || check_pattern(buf, (size_t)n, s->got, s->seed) != (size_t)n) {
            die("connection %u: wrong bytes after %llu", s->seed, (unsigned long long)s->got);
        }
        s->got += (uint64_t)n;
    }
}

static void connect_all(const struct address *to)
{
    struct rlimit files = {nr_streams + 100, nr_streams + 100};

    (void)setrlimit(RLIMIT_NOFILE, &files);
    epfd = epoll_create1(0);
    for (unsigned long i = 0; i < nr_streams; i++) {
        struct stream *s = &streams[i];

        s->seed = (uint32_t)i;
        s->answer = request != NULL ? malloc(MOST_HEAD + body_len) : NULL;
        s->fd = socket(to->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (s->fd < 0 ||
            (connect(s->fd, (const struct sockaddr *)&to->sa, to->len) != 0 && errno != EINPROGRESS)) {
            die("connection %lu", i);
        }
        watch(s, EPOLLOUT);
    }
}

static void serve(struct stream *s, uint32_t events)
{
    int error = 0;
    socklen_t len = sizeof(error);

    if (!s->open) {
        if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
            errno = error;
            die("connection %u of %lu, %lu are open", s->seed, nr_streams, nr_open);
        }
        s->open = true;
        watch(s, EPOLLIN);
        if (++nr_open == nr_streams) {
            printf("%lu open\n", nr_open);
            fflush(stdout);
            for (unsigned long i = 0; i < nr_streams; i++) {
                watch(&streams[i], stalling ? EPOLLOUT : EPOLLIN | EPOLLOUT);
            }
        }
        return;
    }
    if ((events & EPOLLOUT) && nr_open == nr_streams) {
        send_some(s);
    }
    if (!stalling && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
        take_some(s);
    }
}

/* The guest has all that it and we can hold: wait for the word to read on. */
static void stalled(void)
{
    uint64_t sent = 0;
    char c;

    for (unsigned long i = 0; i < nr_streams; i++) {
        sent += streams[i].sent;
    }
    printf("stalled with %llu bytes sent\n", (unsigned long long)sent);
    fflush(stdout);
    while (read(0, &c, 1) > 0) {
    }
    stalling = false;
    for (unsigned long i = 0; i < nr_streams; i++) {
        watch(&streams[i], streams[i].sent < bytes_each ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

static int run(const struct address *to)
{
    int64_t began = now_ms();

    connect_all(to);
    while (nr_done < nr_streams) {
        struct epoll_event events[64];
        bool may_stall = stalling && nr_open == nr_streams;
        int n = epoll_wait(epfd, events, 64, may_stall ? STALL_MS : LIMIT_MS);

        if (n == 0 && may_stall) {
            stalled();
            continue;
        }
        if (n <= 0) {
            for (unsigned long i = 0; i < nr_streams; i++) {
                struct stream *s = &streams[i];

                if (!s->done) {
                    errno = 0;
                    die("stuck with %lu open, %lu done; connection %lu: sent %llu, got %llu", nr_open,
                        nr_done, i, (unsigned long long)s->sent, (unsigned long long)s->got);
                }
            }
        }
        for (int i = 0; i < n; i++) {
            serve(events[i].data.ptr, events[i].events);
        }
    }
    printf("%lu connections, each of %llu bytes and all right, %lld ms\n", nr_done,
           (unsigned long long)bytes_each, (long long)(now_ms() - began));
    return 0;
}

static int hold(const struct address *to)
{
    for (unsigned long i = 0; i < nr_streams; i++) {
        int fd = socket(to->sa.ss_family, SOCK_STREAM, 0);

        if (fd < 0 || connect(fd, (const struct sockaddr *)&to->sa, to->len) != 0 ||
            send(fd, "G", 1, 0) != 1) {
            die("connection %lu", i);
        }
    }
    printf("open\n");
    fflush(stdout);
    for (;;) {
        pause();
    }
}

static int digits(unsigned int port)
{
    struct address here = address("::", port);
    int one = 1, fd, listener = socket(AF_INET6, SOCK_STREAM, 0);
    uint64_t total = 0;
    uint8_t buf[CHUNK], last = 0;
    ssize_t n;

    (void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(listener, (struct sockaddr *)&here.sa, here.len) != 0 || listen(listener, 1) != 0) {
        die("cannot listen");
    }
    printf("listening\n");
    fflush(stdout);
    fd = accept(listener, NULL, NULL);
    while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
        for (ssize_t i = 0; i < n; i++, total++) {
            /* The first bytes are iperf's own header. */
            if (total >= 128 &&
                (buf[i] < '0' || buf[i] > '9' || (total > 128 && last != buf[i] - 1 && last != buf[i] + 9))) {
                errno = 0;
                die("byte %llu is %#x after %#x", (unsigned long long)total, buf[i], last);
            }
            last = buf[i];
        }
    }
    printf("%llu bytes of digits\n", (unsigned long long)total);
    return n < 0;
}

static uint8_t *read_file(const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY);
    struct stat st;
    uint8_t *text;

    if (fd < 0 || fstat(fd, &st) != 0) {
        die("%s", path);
    }
    text = malloc((size_t)st.st_size + 1);
    *len = (size_t)st.st_size;
    if (read(fd, text, *len) != (ssize_t)*len) {
        die("%s", path);
    }
    close(fd);
    return text;
}

int main(int argc, char **argv)
{
    struct address to;

    if (argc == 3 && strcmp(argv[1], "digits") == 0) {
        return digits((unsigned int)number(argv[2]));
    }
    if (argc < 5) {
        die("usage: tcp-peer echo|stall|get|hold ADDRESS PORT CONNECTIONS ...");
    }
    to = address(argv[2], (unsigned int)number(argv[3]));
    nr_streams = number(argv[4]);
    streams = calloc(nr_streams, sizeof(*streams));
    if (argc == 6 && (strcmp(argv[1], "echo") == 0 || strcmp(argv[1], "stall") == 0)) {
        stalling = argv[1][0] == 's';
        bytes_each = number(argv[5]);
        return run(&to);
    }
    if (argc == 7 && strcmp(argv[1], "get") == 0) {
        request = read_file(argv[5], &request_len);
        body = read_file(argv[6], &body_len);
        bytes_each = request_len;
        return run(&to);
    }
    return hold(&to);
}
