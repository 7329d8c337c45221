// SPDX-License-Identifier: MIT
/*
 * Claim: poll(), select() and epoll end when a line is typed on the console, and not before; meanwhile a pipe beside it is heard, too. The
 * script types when it sees what it waits for.
 */
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "system_test.h"

static void expect_line(const char *want)
{
    char line[64];
    ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

    CHECK(n > 0);
    line[n] = '\0';
    if (strcmp(line, want) != 0) {
        test_failure("read '%s', not '%s'", line, want);
    }
}

static void say(const char *prompt)
{
    printf("%s\n", prompt);
    fflush(stdout);
}

static void by_poll(void)
{
    struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
    int ends[2];

    CHECK_EQUAL(pipe(ends), 0);
    fds[1].fd = ends[0];
    CHECK_EQUAL(poll(fds, 2, 50), 0);
    CHECK_EQUAL(write(ends[1], "x", 1), 1);
    CHECK_EQUAL(poll(fds, 2, -1), 1);
    CHECK_EQUAL(fds[1].revents, POLLIN);
    say("PROMPT poll");
    CHECK_EQUAL(poll(fds, 1, -1), 1);
    CHECK_EQUAL(fds[0].revents, POLLIN);
    expect_line("by poll\n");
    CHECK_EQUAL(poll(fds, 1, 0), 0);
}

static void by_select(void)
{
    fd_set set;

    FD_ZERO(&set);
    FD_SET(STDIN_FILENO, &set);
    say("PROMPT select");
    CHECK_EQUAL(select(1, &set, NULL, NULL, NULL), 1);
    expect_line("by select\n");
}

static void by_epoll(void)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = 7};
    int inner = epoll_create1(0), outer = epoll_create1(0);

    CHECK_EQUAL(epoll_ctl(inner, EPOLL_CTL_ADD, STDIN_FILENO, &event), 0);
    CHECK_EQUAL(epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event), 0);
    for (int i = 0; i < 3; i++) {
        say(i == 0 ? "PROMPT epoll 0" : i == 1 ? "PROMPT epoll 1" : "PROMPT epoll 2");
        CHECK_EQUAL(epoll_wait(outer, &event, 1, -1), 1);
        CHECK_EQUAL(epoll_wait(inner, &event, 1, 0), 1);
        CHECK_EQUAL(event.events, EPOLLIN);
        expect_line("by epoll\n");
    }
}

int main(void)
{
    struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};

    CHECK_EQUAL(poll(&p, 1, -1), 1);
    by_poll();
    by_select();
    by_epoll();
    test_success();
}
