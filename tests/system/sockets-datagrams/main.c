// SPDX-License-Identifier: MIT
/*
 * Claim: datagrams over the loopback keep to POSIX and to Linux's error numbers: UDP by both versions of IP, connected or not, with control
 * data, ICMP's errors, ping by raw sockets and by its own kind; and so do names, addresses as text and interfaces.
 */
#define _GNU_SOURCE
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/ip_icmp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sockets.h"

static void test_datagrams(int family)
{
    int a = bound(family, SOCK_DGRAM), b = bound(family, SOCK_DGRAM);
    struct sockaddr_storage to = loopback(family, port_of(b)), from;
    socklen_t length = sizeof(from);
    struct iovec part;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    static char large[65508];
    size_t most = family == AF_INET ? 65507 : 65487;
    char buf[16];
    int nobody = bound(family, SOCK_DGRAM);

    CHECK_FAILS(send(a, "x", 1, 0), EDESTADDRREQ);
    CHECK_FAILS(recv(b, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
    CHECK_EQUAL(sendto(a, "one", 3, 0, (struct sockaddr *)&to, size_of(family)), 3);
    CHECK_EQUAL(sendto(a, "", 0, 0, (struct sockaddr *)&to, size_of(family)), 0);
    CHECK_EQUAL(sendto(a, "abcdef", 6, 0, (struct sockaddr *)&to, size_of(family)), 6);
    CHECK_EQUAL(recvfrom(b, buf, sizeof(buf), 0, (struct sockaddr *)&from, &length), 3);
    CHECK_EQUAL(length, size_of(family));
    CHECK_EQUAL(ntohs(((struct sockaddr_in *)&from)->sin_port), port_of(a));
    CHECK_EQUAL(recv(b, buf, sizeof(buf), 0), 0);
    part = (struct iovec){buf, 2};
    CHECK_EQUAL(recvmsg(b, &message, MSG_PEEK | MSG_TRUNC), 6);
    CHECK_EQUAL(recvmsg(b, &message, 0), 2);
    CHECK((message.msg_flags & MSG_TRUNC) != 0);
    CHECK_FAILS(recv(b, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
    CHECK_FAILS(sendto(a, large, sizeof(large), 0, (struct sockaddr *)&to, size_of(family)), EMSGSIZE);
    CHECK_EQUAL(sendto(a, large, most, 0, (struct sockaddr *)&to, size_of(family)), most);
    CHECK_EQUAL(ready(b, POLLIN, 10000), POLLIN);
    CHECK_EQUAL(recv(b, large, sizeof(large), 0), most);
    /* Connected: only that peer is heard, and ICMP's answer becomes an error. */
    CHECK_EQUAL(connect(a, (struct sockaddr *)&to, size_of(family)), 0);
    CHECK_EQUAL(send(a, "two", 3, 0), 3);
    CHECK_EQUAL(recv(b, buf, sizeof(buf), 0), 3);
    to = loopback(family, port_of(a));
    CHECK_EQUAL(sendto(nobody, "x", 1, 0, (struct sockaddr *)&to, size_of(family)), 1);
    CHECK_EQUAL(sendto(b, "y", 1, 0, (struct sockaddr *)&to, size_of(family)), 1);
    CHECK_EQUAL(recv(a, buf, sizeof(buf), 0), 1);
    CHECK_EQUAL(buf[0], 'y');
    CHECK_EQUAL(close(b), 0);
    CHECK_EQUAL(send(a, "z", 1, 0), 1);
    CHECK((ready(a, POLLIN, 10000) & POLLERR) != 0);
    CHECK_FAILS(recv(a, buf, sizeof(buf), 0), ECONNREFUSED);
    CHECK_EQUAL(close(a), 0);
    CHECK_EQUAL(close(nobody), 0);
}

static void test_packet_info(void)
{
    int a = bound(AF_INET, SOCK_DGRAM), b = bound(AF_INET, SOCK_DGRAM);
    struct sockaddr_storage to = loopback(AF_INET, port_of(b));
    char control[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(int))];
    char buf[16];
    struct iovec part = {buf, sizeof(buf)};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    struct in_pktinfo info = {0};
    int ttl = 0, on = 1;

    CHECK_EQUAL(setsockopt(b, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)), 0);
    CHECK_EQUAL(setsockopt(b, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on)), 0);
    on = 7;
    CHECK_EQUAL(setsockopt(a, IPPROTO_IP, IP_TTL, &on, sizeof(on)), 0);
    CHECK_EQUAL(sendto(a, "info", 4, 0, (struct sockaddr *)&to, sizeof(struct sockaddr_in)), 4);
    CHECK_EQUAL(recvmsg(b, &message, 0), 4);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            memcpy(&info, CMSG_DATA(c), sizeof(info));
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) {
            memcpy(&ttl, CMSG_DATA(c), sizeof(ttl));
        }
    }
    CHECK_EQUAL(info.ipi_addr.s_addr, htonl(INADDR_LOOPBACK));
    CHECK(info.ipi_ifindex > 0);
    CHECK_EQUAL(ttl, 7);
    CHECK_EQUAL(close(a), 0);
    CHECK_EQUAL(close(b), 0);
}

static uint16_t internet_sum(const void *data, size_t bytes)
{
    const uint16_t *words = data;
    uint32_t sum = 0;

    for (size_t i = 0; i < bytes / 2; i++) {
        sum += words[i];
    }
    sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t) ~(sum + (sum >> 16));
}

static void test_ping(int type)
{
    struct sockaddr_storage to = loopback(AF_INET, 0);
    struct icmphdr request = {.type = ICMP_ECHO}, reply;
    struct timeval tv = {.tv_sec = 10};
    unsigned char buf[128];
    int fd = socket(AF_INET, type, IPPROTO_ICMP);

    CHECK(fd >= 0);
    CHECK_EQUAL(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
    request.un.echo.id = htons(42);
    request.un.echo.sequence = htons(7);
    request.checksum = internet_sum(&request, sizeof(request));
    CHECK_EQUAL(sendto(fd, &request, sizeof(request), 0, (struct sockaddr *)&to, sizeof(struct sockaddr_in)),
                sizeof(request));
    do {
        ssize_t n = recv(fd, buf, sizeof(buf), 0);
        size_t at = type == SOCK_RAW ? (size_t)(buf[0] & 15) * 4 : 0;

        CHECK_EQUAL(n, at + sizeof(reply));
        memcpy(&reply, buf + at, sizeof(reply));
    } while (reply.type != ICMP_ECHOREPLY);
    CHECK_EQUAL(reply.un.echo.sequence, htons(7));
    CHECK_EQUAL(close(fd), 0);
}

static void check_text(int family, const char *text, const char *canonical)
{
    unsigned char address[16];
    char back[INET6_ADDRSTRLEN];

    CHECK_EQUAL(inet_pton(family, text, address), canonical != NULL);
    if (canonical != NULL) {
        CHECK(inet_ntop(family, address, back, sizeof(back)) == back);
        CHECK(strcmp(back, canonical) == 0);
    }
}

static void test_text(void)
{
    struct in_addr v4;

    check_text(AF_INET, "192.0.2.255", "192.0.2.255");
    check_text(AF_INET, "192.0.2.256", NULL);
    check_text(AF_INET, "192.0.2", NULL);
    check_text(AF_INET, "192.0.02.1", NULL);
    check_text(AF_INET6, "::", "::");
    check_text(AF_INET6, "::1", "::1");
    check_text(AF_INET6, "2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1");
    check_text(AF_INET6, "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8");
    check_text(AF_INET6, "1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8");
    check_text(AF_INET6, "::ffff:1.2.3.4", "::ffff:1.2.3.4");
    check_text(AF_INET6, "fe80::", "fe80::");
    check_text(AF_INET6, "1::2::3", NULL);
    check_text(AF_INET6, "1:2:3:4:5:6:7", NULL);
    check_text(AF_INET6, "1:2:3:4:5:6:7:8:9", NULL);
    check_text(AF_INET6, "12345::", NULL);
    check_text(AF_INET6, ":1", NULL);
    check_text(AF_INET6, "1:", NULL);
    CHECK_EQUAL(inet_aton("0x7f.1", &v4), 1);
    CHECK_EQUAL(v4.s_addr, htonl(INADDR_LOOPBACK));
    CHECK_EQUAL(inet_addr("1.2.3.400"), INADDR_NONE);
}

static void test_names(void)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list;
    char host[NI_MAXHOST], service[NI_MAXSERV];
    struct hostent *old;

    CHECK_EQUAL(getaddrinfo("localhost", "http", &hints, &list), 0);
    CHECK_EQUAL(list->ai_family, AF_INET6);
    CHECK(list->ai_next != NULL && list->ai_next->ai_family == AF_INET);
    CHECK_EQUAL(ntohs(((struct sockaddr_in *)list->ai_next->ai_addr)->sin_port), 80);
    CHECK_EQUAL(getnameinfo(list->ai_addr, list->ai_addrlen, host, sizeof(host), service, sizeof(service), 0),
                0);
    CHECK(strcmp(host, "localhost") == 0 && strcmp(service, "http") == 0);
    freeaddrinfo(list);
    hints.ai_flags = AI_NUMERICHOST;
    CHECK_EQUAL(getaddrinfo("localhost", NULL, &hints, &list), EAI_NONAME);
    CHECK_EQUAL(getaddrinfo("192.0.2.7", "8080", &hints, &list), 0);
    CHECK_EQUAL(((struct sockaddr_in *)list->ai_addr)->sin_addr.s_addr, inet_addr("192.0.2.7"));
    CHECK(list->ai_next == NULL);
    freeaddrinfo(list);
    CHECK_EQUAL(getaddrinfo(NULL, NULL, &hints, &list), EAI_NONAME);
    hints.ai_flags = AI_PASSIVE;
    hints.ai_family = AF_INET;
    CHECK_EQUAL(getaddrinfo(NULL, "80", &hints, &list), 0);
    CHECK_EQUAL(((struct sockaddr_in *)list->ai_addr)->sin_addr.s_addr, INADDR_ANY);
    freeaddrinfo(list);
    CHECK_EQUAL(getaddrinfo(NULL, "no-such-service", &hints, &list), EAI_SERVICE);
    hints = (struct addrinfo){.ai_family = AF_INET, .ai_protocol = IPPROTO_UDP};
    CHECK_EQUAL(getaddrinfo("127.0.0.1", "53", &hints, &list), 0);
    CHECK(list->ai_socktype == SOCK_DGRAM && list->ai_next == NULL);
    freeaddrinfo(list);
    old = gethostbyname("127.0.0.1");
    CHECK(old != NULL && old->h_length == 4);
}

static void test_interfaces(void)
{
    struct ifaddrs *list;
    bool seen = false;
    char name[IF_NAMESIZE];

    CHECK_EQUAL(getifaddrs(&list), 0);
    for (struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
        if (strcmp(i->ifa_name, "lo") == 0 && i->ifa_addr->sa_family == AF_INET) {
            seen = ((struct sockaddr_in *)i->ifa_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
            CHECK((i->ifa_flags & IFF_LOOPBACK) != 0);
        }
    }
    CHECK(seen);
    freeifaddrs(list);
    CHECK(if_nametoindex("lo") > 0);
    CHECK(strcmp(if_indextoname(if_nametoindex("lo"), name), "lo") == 0);
    CHECK_EQUAL(if_nametoindex("no0"), 0);
}

int main(void)
{
    test_text();
    test_datagrams(AF_INET);
    test_datagrams(AF_INET6);
    test_packet_info();
    test_ping(SOCK_DGRAM);
    test_ping(SOCK_RAW);
    test_names();
    test_interfaces();
    test_success();
}
