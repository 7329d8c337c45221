// SPDX-License-Identifier: MIT
/*
 * dom0's end of the rig's channel: runs the host's commands and carries their streams. The channel is the
 * virtio port named by the argument, or, for "-", the socket on descriptor 0.
 *
 * Owns the virtio-serial port and the commands it started. Never interprets what a command says,
 * and never outlives the host's wish: when the host hangs up, every command is killed.
 */
#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#define NR_COMMANDS 64
#define NR_ARGS 256

struct command {
    pid_t pid; /* 0: the slot is free */
    uint32_t channel;
    int in, out, err; /* -1: closed; with a terminal, in and out are one descriptor's copies */
    bool pty;
    bool in_ended;
    size_t queued_bytes; /* of standard input, at queue[0] */
    uint8_t queue[STDIN_WINDOW];
};

static struct command commands[NR_COMMANDS];
static int port = -1;

static void write_all(int fd, const void *data, size_t len_bytes)
{
    const uint8_t *at = data;

    while (len_bytes > 0) {
        ssize_t n = write(fd, at, len_bytes);

        if (n < 0 && errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};

            poll(&wait, 1, -1);
            continue;
        }
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return; /* the host has hung up; the main loop sees it too */
        }
        at += n;
        len_bytes -= (size_t)n;
    }
}

static void send_frame(uint32_t channel, uint32_t kind, const void *data, size_t len_bytes)
{
    /* One write per frame: each write is a trip through the virtqueue. */
    static uint8_t frame[sizeof(struct frame_header) + FRAME_PAYLOAD_MAX];
    struct frame_header header = {channel, kind, (uint32_t)len_bytes};

    memcpy(frame, &header, sizeof(header));
    memcpy(frame + sizeof(header), data, len_bytes);
    write_all(port, frame, sizeof(header) + len_bytes);
}

static void send_number(uint32_t channel, uint32_t kind, uint32_t number)
{
    send_frame(channel, kind, &number, sizeof(number));
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static struct command *command_find(uint32_t channel)
{
    for (int i = 0; i < NR_COMMANDS; i++) {
        if (commands[i].pid != 0 && commands[i].channel == channel) {
            return &commands[i];
        }
    }
    return NULL;
}

static void child_start(char **argv, int in, int out, int err, bool pty)
{
    sigset_t none;

    setsid();
    if (pty) {
        login_tty(in);
    } else {
        dup2(in, 0);
        dup2(out, 1);
        dup2(err, 2);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(argv[0], argv);
    dprintf(2, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

/* Fills the command's descriptors and the child's: child[0..2]. */
static int make_streams(struct command *c, int child[3])
{
    int in[2], out[2], err[2];

    if (c->pty) {
        if (openpty(&c->in, &child[0], NULL, NULL, NULL) < 0) {
            return -errno;
        }
        c->out = fcntl(c->in, F_DUPFD_CLOEXEC, 3);
        fcntl(c->in, F_SETFD, FD_CLOEXEC);
        c->err = child[1] = child[2] = -1;
    } else {
        if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0) {
            return -errno;
        }
        child[0] = in[0], child[1] = out[1], child[2] = err[1];
        c->in = in[1], c->out = out[0], c->err = err[0];
    }
    fcntl(c->in, F_SETFL, O_NONBLOCK);
    fcntl(c->out, F_SETFL, O_NONBLOCK);
    if (c->err >= 0) {
        fcntl(c->err, F_SETFL, O_NONBLOCK);
    }
    return 0;
}

static void command_run(uint32_t channel, const uint8_t *payload, size_t len_bytes)
{
    struct command *c = NULL;
    char *argv[NR_ARGS + 1];
    int argc = 0, child[3], started[2];
    uint32_t flags;
    char none;

    for (int i = 0; i < NR_COMMANDS && c == NULL; i++) {
        c = commands[i].pid == 0 ? &commands[i] : NULL;
    }
    if (c == NULL || len_bytes < sizeof(flags) + 1 || payload[len_bytes - 1] != '\0') {
        send_number(channel, FRAME_EXIT, 126);
        return;
    }
    memcpy(&flags, payload, sizeof(flags));
    for (size_t at = sizeof(flags); at < len_bytes && argc < NR_ARGS;) {
        argv[argc] = (char *)payload + at;
        at += strlen(argv[argc++]) + 1;
    }
    argv[argc] = NULL;

    c->channel = channel;
    c->pty = (flags & RUN_PTY) != 0;
    c->in_ended = false;
    c->queued_bytes = 0;
    if (pipe2(started, O_CLOEXEC) < 0 || make_streams(c, child) < 0 || (c->pid = fork()) < 0) {
        c->pid = 0;
        send_number(channel, FRAME_EXIT, 126);
        return;
    }
    if (c->pid == 0) {
        child_start(argv, child[0], child[1], child[2], c->pty);
    }
    for (int i = 0; i < 3; i++) {
        close_fd(&child[i]);
    }
    /* Ends when the program is loaded: from then on the process group is there for a signal. */
    close(started[1]);
    while (read(started[0], &none, 1) < 0 && errno == EINTR) {
    }
    close(started[0]);
}

static void command_feed(struct command *c)
{
    ssize_t n;

    if (c->in >= 0 && c->queued_bytes > 0) {
        n = write(c->in, c->queue, c->queued_bytes);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            close_fd(&c->in); /* nobody reads any more: what comes is taken and dropped */
        } else if (n > 0) {
            c->queued_bytes -= (size_t)n;
            memmove(c->queue, c->queue + n, c->queued_bytes);
            send_number(c->channel, FRAME_CREDIT, (uint32_t)n);
        }
    }
    if (c->in < 0 && c->queued_bytes > 0) {
        send_number(c->channel, FRAME_CREDIT, (uint32_t)c->queued_bytes);
        c->queued_bytes = 0;
    }
    if (c->in_ended && c->queued_bytes == 0 && !c->pty) {
        close_fd(&c->in);
    }
}

static void command_input(struct command *c, const uint8_t *data, size_t len_bytes)
{
    if (len_bytes == 0) {
        c->in_ended = true;
    } else if (len_bytes <= sizeof(c->queue) - c->queued_bytes) {
        memcpy(c->queue + c->queued_bytes, data, len_bytes);
        c->queued_bytes += len_bytes;
    }
    command_feed(c);
}

/* Returns false when the stream has nothing more to give now. */
static bool command_relay(struct command *c, int *fd, uint32_t kind)
{
    uint8_t data[FRAME_PAYLOAD_MAX];
    ssize_t n;

    if (*fd < 0) {
        return false;
    }
    n = read(*fd, data, sizeof(data));
    if (n > 0) {
        send_frame(c->channel, kind, data, (size_t)n);
        return true;
    }
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_fd(fd);
    }
    return false;
}

static void reap_commands(void)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (int i = 0; i < NR_COMMANDS; i++) {
            struct command *c = &commands[i];

            if (c->pid != pid) {
                continue;
            }
            /*
             * What the command wrote is in the pipes by now. They may stay open for long in a
             * daemon that it left behind, so end of file is not waited for.
             */
            while (command_relay(c, &c->out, FRAME_OUTPUT)) {
            }
            while (command_relay(c, &c->err, FRAME_ERROR)) {
            }
            close_fd(&c->in);
            close_fd(&c->out);
            close_fd(&c->err);
            send_number(c->channel, FRAME_EXIT,
                        WIFEXITED(status) ? (uint32_t)WEXITSTATUS(status)
                                          : 128u + (uint32_t)WTERMSIG(status));
            c->pid = 0;
        }
    }
}

static void handle_frame(const struct frame_header *h, const uint8_t *payload)
{
    struct command *c = command_find(h->channel);
    uint32_t number;

    switch (h->kind) {
    case FRAME_HELLO:
        send_number(h->channel, FRAME_HELLO, AGENT_VERSION);
        break;
    case FRAME_RUN:
        command_run(h->channel, payload, h->len_bytes);
        break;
    case FRAME_INPUT:
        if (c != NULL) {
            command_input(c, payload, h->len_bytes);
        }
        break;
    case FRAME_SIGNAL:
        if (c != NULL && h->len_bytes == sizeof(number)) {
            memcpy(&number, payload, sizeof(number));
            kill(-c->pid, (int)number);
        }
        break;
    default:
        break;
    }
}

static void kill_commands(void)
{
    for (int i = 0; i < NR_COMMANDS; i++) {
        if (commands[i].pid != 0) {
            kill(-commands[i].pid, SIGKILL);
        }
    }
}

/* Returns when the host has hung up or speaks nonsense. */
static void read_port(void)
{
    static uint8_t buffer[sizeof(struct frame_header) + FRAME_PAYLOAD_MAX];
    static size_t filled;
    struct frame_header header;
    ssize_t n = read(port, buffer + filled, sizeof(buffer) - filled);
    size_t at = 0;

    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            filled = 0;
            kill_commands();
            /* A port without a host polls as ready all the time; there is no event to wait for. */
            usleep(100000);
        }
        return;
    }
    filled += (size_t)n;
    while (filled - at >= sizeof(header)) {
        memcpy(&header, buffer + at, sizeof(header));
        if (header.len_bytes > FRAME_PAYLOAD_MAX) {
            fprintf(stderr, "agent: the host sent a frame of %u bytes\n", header.len_bytes);
            kill_commands();
            filled = 0;
            return;
        }
        if (filled - at < sizeof(header) + header.len_bytes) {
            break;
        }
        handle_frame(&header, buffer + at + sizeof(header));
        at += sizeof(header) + header.len_bytes;
    }
    memmove(buffer, buffer + at, filled - at);
    filled -= at;
}

static void serve(int signals)
{
    struct pollfd fds[2 + 3 * NR_COMMANDS];
    struct signalfd_siginfo info;

    for (;;) {
        fds[0] = (struct pollfd){.fd = port, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = signals, .events = POLLIN};
        for (int i = 0; i < NR_COMMANDS; i++) {
            struct command *c = &commands[i];
            bool used = c->pid != 0;

            fds[2 + 3 * i] =
                (struct pollfd){.fd = used && c->queued_bytes > 0 ? c->in : -1, .events = POLLOUT};
            fds[3 + 3 * i] = (struct pollfd){.fd = used ? c->out : -1, .events = POLLIN};
            fds[4 + 3 * i] = (struct pollfd){.fd = used ? c->err : -1, .events = POLLIN};
        }
        if (poll(fds, 2 + 3 * NR_COMMANDS, -1) < 0) {
            continue;
        }
        for (int i = 0; i < NR_COMMANDS; i++) {
            if (fds[2 + 3 * i].revents != 0) {
                command_feed(&commands[i]);
            }
            if (fds[3 + 3 * i].revents != 0) {
                command_relay(&commands[i], &commands[i].out, FRAME_OUTPUT);
            }
            if (fds[4 + 3 * i].revents != 0) {
                command_relay(&commands[i], &commands[i].err, FRAME_ERROR);
            }
        }
        if (fds[1].revents != 0 && read(signals, &info, sizeof(info)) > 0) {
            reap_commands();
        }
        if (fds[0].revents != 0) {
            read_port();
        }
    }
}

int main(int argc, char **argv)
{
    sigset_t child;

    if (argc == 2 && strcmp(argv[1], "-") == 0) {
        port = fcntl(0, F_DUPFD_CLOEXEC, 3);
        fcntl(port, F_SETFL, O_NONBLOCK);
    } else if (argc == 2) {
        port = open(argv[1], O_RDWR | O_NONBLOCK | O_CLOEXEC);
    }
    if (port < 0) {
        fprintf(stderr, "usage: agent PORT | agent - (%s)\n", strerror(errno));
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    for (int i = 0; i < NR_COMMANDS; i++) {
        commands[i].in = commands[i].out = commands[i].err = -1;
    }
    serve(signalfd(-1, &child, SFD_CLOEXEC));
}
