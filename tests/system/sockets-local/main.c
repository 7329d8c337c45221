// SPDX-License-Identifier: MIT
/*
 * Claim: sockets of AF_UNIX find each other by paths and by abstract names, as on Linux: streams, sequenced packets and datagrams; names
 * are taken, refused and given back; and a connection for which there is no descriptor waits, here and with TCP.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "system_test.h"

static const char *const folder = "/tmp/sockets-local";

static struct sockaddr_un named(const char *name, socklen_t *length)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    if (name[0] == '@') {
        memcpy(a.sun_path + 1, name + 1, strlen(name) - 1);
        *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    } else {
        snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", folder, name);
        *length = sizeof(a);
    }
    return a;
}

static int bound(int type, const char *name)
{
    socklen_t length;
    struct sockaddr_un a = named(name, &length);
    int fd = socket(AF_UNIX, type, 0);

    CHECK(fd >= 0);
    CHECK_EQUAL(bind(fd, (struct sockaddr *)&a, length), 0);
    return fd;
}

static int try_connect(int fd, const char *name)
{
    socklen_t length;
    struct sockaddr_un a = named(name, &length);

    return connect(fd, (struct sockaddr *)&a, length) == 0 ? 0 : errno;
}

static short ready_for(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};

    CHECK(poll(&p, 1, 0) >= 0);
    return p.revents;
}

static void test_connections(int type, const char *name)
{
    int listener = bound(type, name), client = socket(AF_UNIX, type | SOCK_NONBLOCK, 0), late, server;
    struct sockaddr_un a;
    socklen_t length = sizeof(a), expected;
    char buf[16];

    a = named(name, &expected);
    CHECK_EQUAL(ready_for(client), POLLOUT | POLLHUP);
    CHECK_EQUAL(try_connect(client, name), ECONNREFUSED);
    CHECK_EQUAL(listen(listener, 0), 0);
    CHECK_EQUAL(ready_for(listener), 0);
    CHECK_EQUAL(try_connect(client, name), 0);
    CHECK_EQUAL(ready_for(listener), POLLIN);
    late = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
    CHECK_EQUAL(try_connect(late, name), EAGAIN); /* the queue is full */
    CHECK_EQUAL(send(client, "early", 5, 0), 5);
    server = accept(listener, (struct sockaddr *)&a, &length);
    CHECK(server >= 0);
    CHECK_EQUAL(length, sizeof(sa_family_t)); /* the client has no name */
    CHECK_EQUAL(try_connect(client, name), EISCONN);
    CHECK_EQUAL(try_connect(late, name), 0);
    CHECK_EQUAL(recv(server, buf, sizeof(buf), 0), 5);
    CHECK_EQUAL(send(server, "answer", 6, 0), 6);
    CHECK_EQUAL(recv(client, buf, sizeof(buf), 0), 6);
    length = sizeof(a);
    CHECK_EQUAL(getpeername(client, (struct sockaddr *)&a, &length), 0);
    CHECK_EQUAL(strcmp(a.sun_path + (name[0] == '@'), name[0] == '@' ? name + 1 : "/tmp/sockets-local/name"),
                0);
    length = sizeof(a);
    CHECK_EQUAL(getsockname(server, (struct sockaddr *)&a, &length), 0);
    CHECK(length > sizeof(sa_family_t));
    CHECK_EQUAL(close(server), 0);
    CHECK_EQUAL(recv(client, buf, sizeof(buf), 0), 0);
    CHECK_EQUAL(close(listener), 0); /* with one that nobody accepted */
    CHECK(recv(late, buf, sizeof(buf), 0) == -1 && errno == ECONNRESET);
    CHECK_EQUAL(close(late), 0);
    CHECK_EQUAL(close(client), 0);
}

static void test_names(void)
{
    int first = bound(SOCK_STREAM, "name"), second = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un a;
    struct stat st;
    socklen_t length;

    a = named("name", &length);
    CHECK_EQUAL(stat(a.sun_path, &st), 0);
    CHECK(S_ISSOCK(st.st_mode));
    CHECK_EQUAL(chmod(a.sun_path, 0600), 0);
    CHECK(open(a.sun_path, O_RDWR) == -1 && errno == ENXIO);
    CHECK(bind(second, (struct sockaddr *)&a, length) == -1 && errno == EADDRINUSE);
    CHECK_EQUAL(close(first), 0);
    CHECK_EQUAL(try_connect(second, "name"), ECONNREFUSED); /* it is still there */
    CHECK(bind(second, (struct sockaddr *)&a, length) == -1 && errno == EADDRINUSE);
    CHECK_EQUAL(unlink(a.sun_path), 0);
    CHECK_EQUAL(try_connect(second, "name"), ENOENT);
    CHECK_EQUAL(bind(second, (struct sockaddr *)&a, length), 0);
    CHECK_EQUAL(unlink(a.sun_path), 0);
    CHECK(bind(second, (struct sockaddr *)&a, length) == -1 && errno == EINVAL);
    CHECK_EQUAL(close(second), 0);
    /* Abstract ones go with their owner, and the system finds one where none is given. */
    first = bound(SOCK_STREAM, "@abstract");
    CHECK_EQUAL(close(first), 0);
    first = bound(SOCK_STREAM, "@abstract");
    second = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_EQUAL(bind(second, (struct sockaddr *)&a, sizeof(sa_family_t)), 0);
    length = sizeof(a);
    CHECK_EQUAL(getsockname(second, (struct sockaddr *)&a, &length), 0);
    CHECK_EQUAL(length, sizeof(sa_family_t) + 6);
    CHECK_EQUAL(try_connect(second, "nobody"), ENOENT);
    CHECK_EQUAL(try_connect(second, "@nobody"), ECONNREFUSED);
    CHECK_EQUAL(close(first), 0);
    CHECK_EQUAL(close(second), 0);
}

static void test_datagrams(void)
{
    int server = bound(SOCK_DGRAM, "server"), client = bound(SOCK_DGRAM, "@client"),
        stranger = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un to, from;
    socklen_t to_length, length = sizeof(from);
    char buf[16];

    to = named("server", &to_length);
    CHECK_EQUAL(sendto(client, "ask", 3, 0, (struct sockaddr *)&to, to_length), 3);
    CHECK_EQUAL(recvfrom(server, buf, sizeof(buf), 0, (struct sockaddr *)&from, &length), 3);
    CHECK_EQUAL(length, sizeof(sa_family_t) + 7);
    CHECK_EQUAL(sendto(server, "answer", 6, 0, (struct sockaddr *)&from, length), 6);
    CHECK_EQUAL(recv(client, buf, sizeof(buf), 0), 6);
    CHECK(send(stranger, "x", 1, 0) == -1 && errno == ENOTCONN);
    CHECK_EQUAL(try_connect(stranger, "server"), 0);
    CHECK_EQUAL(send(stranger, "x", 1, 0), 1);
    length = sizeof(from);
    CHECK_EQUAL(recvfrom(server, buf, sizeof(buf), 0, (struct sockaddr *)&from, &length), 1);
    CHECK_EQUAL(length, 0);
    /* Who has chosen whom to talk to hears nobody else. */
    CHECK_EQUAL(try_connect(server, "@client"), 0);
    CHECK(send(stranger, "x", 1, MSG_DONTWAIT) == -1 && errno == EPERM);
    CHECK_EQUAL(close(server), 0);
    CHECK(send(stranger, "x", 1, 0) == -1 && errno == ECONNREFUSED);
    CHECK_EQUAL(unlink(to.sun_path), 0);
    CHECK_EQUAL(close(client), 0);
    CHECK_EQUAL(close(stranger), 0);
}

static void *connect_to_it(void *fd)
{
    CHECK_EQUAL(try_connect(*(int *)fd, "@waited"), 0);
    return NULL;
}

/* A full queue makes connect() wait until there is room. */
static void test_waiting(void)
{
    int listener = bound(SOCK_STREAM, "@waited"), clients[3], servers[3];
    pthread_t threads[3];

    CHECK_EQUAL(listen(listener, 0), 0);
    for (int i = 0; i < 3; i++) {
        clients[i] = socket(AF_UNIX, SOCK_STREAM, 0);
        CHECK_EQUAL(pthread_create(&threads[i], NULL, connect_to_it, &clients[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        servers[i] = accept(listener, NULL, NULL);
        CHECK(servers[i] >= 0);
    }
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
        CHECK_EQUAL(close(clients[i]), 0);
        CHECK_EQUAL(close(servers[i]), 0);
    }
    CHECK_EQUAL(close(listener), 0);
}

/* accept() that finds no descriptor does not lose the connection. */
static void test_no_descriptor(int listener, int client)
{
    int highest = -1, fd, server;
    char buf[8];

    while ((fd = dup(0)) >= 0) {
        highest = fd;
    }
    CHECK_EQUAL(errno, EMFILE);
    CHECK(accept(listener, NULL, NULL) == -1 && errno == EMFILE);
    CHECK_EQUAL(ready_for(listener), POLLIN);
    CHECK_EQUAL(close(highest), 0);
    server = accept(listener, NULL, NULL);
    CHECK_EQUAL(server, highest);
    CHECK_EQUAL(send(client, "there", 5, 0), 5);
    CHECK_EQUAL(recv(server, buf, sizeof(buf), 0), 5);
    for (fd = highest; fd > listener && fd > client; fd--) {
        CHECK_EQUAL(close(fd), 0);
    }
    CHECK_EQUAL(close(listener), 0);
    CHECK_EQUAL(close(client), 0);
}

static void test_descriptors(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(a);
    int listener = bound(SOCK_STREAM, "@listener"), client = socket(AF_UNIX, SOCK_STREAM, 0);

    CHECK_EQUAL(listen(listener, 5), 0);
    CHECK_EQUAL(try_connect(client, "@listener"), 0);
    test_no_descriptor(listener, client);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQUAL(bind(listener, (struct sockaddr *)&a, length), 0);
    CHECK_EQUAL(listen(listener, 5), 0);
    CHECK_EQUAL(getsockname(listener, (struct sockaddr *)&a, &length), 0);
    CHECK_EQUAL(connect(client, (struct sockaddr *)&a, length), 0);
    test_no_descriptor(listener, client);
}

int main(void)
{
    CHECK_EQUAL(mkdir(folder, 0777), 0);
    test_connections(SOCK_STREAM, "name");
    CHECK_EQUAL(unlink("/tmp/sockets-local/name"), 0);
    test_connections(SOCK_SEQPACKET, "name");
    CHECK_EQUAL(unlink("/tmp/sockets-local/name"), 0);
    test_connections(SOCK_STREAM, "@abstract");
    test_names();
    test_datagrams();
    test_waiting();
    test_descriptors();
    CHECK_EQUAL(rmdir(folder), 0);
    test_success();
}
