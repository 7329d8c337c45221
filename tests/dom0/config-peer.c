// SPDX-License-Identifier: MIT
/*
 * config-peer time OWN-ADDRESS SECONDS: an NTP server whose clock is so much ahead of this machine's.
 * config-peer name OWN-ADDRESS NAME TRIES: asks by multicast DNS, on the interface of that address, for NAME.local, every second; says
 * "NAME.local is ADDRESS". Status 1 if nobody answers.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NTP_PORT  123
#define NTP_BYTES 48
#define NTP_EPOCH 2208988800U
#define MDNS_PORT 5353
#define TYPE_A    1

static int open_socket(const char *own, unsigned int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0), one = 1;

    if (inet_pton(AF_INET, own, &at.sin_addr) != 1) {
        errx(2, "%s: no address", own);
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &at.sin_addr, sizeof(at.sin_addr));
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
        err(2, "bind");
    }
    return fd;
}

static void put_time(uint8_t *at, time_t ahead)
{
    struct timespec now;
    uint32_t word[2];

    clock_gettime(CLOCK_REALTIME, &now);
    word[0] = htonl((uint32_t)(now.tv_sec + ahead) + NTP_EPOCH);
    word[1] = htonl((uint32_t)(((uint64_t)now.tv_nsec << 32) / 1000000000U));
    memcpy(at, word, sizeof(word));
}

static _Noreturn void serve_time(const char *own, time_t ahead)
{
    int fd = open_socket(own, NTP_PORT);

    for (;;) {
        struct sockaddr_in from;
        socklen_t length = sizeof(from);
        uint8_t packet[NTP_BYTES];

        if (recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &length) != NTP_BYTES) {
            continue;
        }
        memcpy(packet + 24, packet + 40, 8); /* its time is where the answer's origin goes */
        packet[0] = 4 << 3 | 4;              /* version 4, a server */
        packet[1] = 2;
        put_time(packet + 16, ahead);
        put_time(packet + 32, ahead);
        put_time(packet + 40, ahead);
        sendto(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, length);
    }
}

static size_t write_question(uint8_t *to, const char *name)
{
    size_t length = strlen(name);

    memset(to, 0, 12);
    to[5] = 1;
    to[12] = (uint8_t)length;
    memcpy(to + 13, name, length);
    memcpy(to + 13 + length, "\5local\0\0\1\0\1", 11);
    return 12 + 1 + length + 11;
}

/* The data of an answer of type A, whose owner is the name asked for or a pointer to it: one name in the packet is enough for us. */
static const uint8_t *find_address(const uint8_t *packet, size_t bytes)
{
    for (size_t at = 12; at + 14 <= bytes; at++) {
        if (packet[at] == 0 && packet[at + 1] == TYPE_A && packet[at + 8] == 0 && packet[at + 9] == 4 &&
            (packet[at + 2] & 0x7f) == 0 && packet[at + 3] == 1) {
            return packet + at + 10;
        }
    }
    return NULL;
}

static int ask_name(const char *own, const char *name, unsigned long limit)
{
    struct sockaddr_in group = {.sin_family = AF_INET, .sin_port = htons(MDNS_PORT)};
    uint8_t packet[1500];
    int fd = open_socket(own, 0);

    inet_pton(AF_INET, "224.0.0.251", &group.sin_addr);
    for (unsigned long tries = 0; tries < limit; tries++) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        size_t bytes = write_question(packet, name);

        sendto(fd, packet, bytes, 0, (struct sockaddr *)&group, sizeof(group));
        while (poll(&p, 1, 1000) > 0) {
            long got = recv(fd, packet, sizeof(packet), 0);
            const uint8_t *address = got > 12 ? find_address(packet, (size_t)got) : NULL;
            char text[INET_ADDRSTRLEN];

            if (address != NULL) {
                printf("%s.local is %s\n", name, inet_ntop(AF_INET, address, text, sizeof(text)));
                return 0;
            }
        }
    }
    fprintf(stderr, "nobody knows %s.local\n", name);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "time") == 0) {
        serve_time(argv[2], (time_t)strtol(argv[3], NULL, 10));
    }
    if (argc == 5 && strcmp(argv[1], "name") == 0 && strlen(argv[3]) < 64) {
        return ask_name(argv[2], argv[3], strtoul(argv[4], NULL, 10));
    }
    errx(2, "see the head of the source");
}
