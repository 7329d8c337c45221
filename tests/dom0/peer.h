// SPDX-License-Identifier: MIT
/*
 * What the programs for dom0 share: addresses, a clock, a pattern that tells every byte of every stream from the others. Each of them
 * says on its last line what it saw, and returns 0 only if all of it was right.
 */
#ifndef DOM0_PEER_H
#define DOM0_PEER_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/** struct address - IPv4 or IPv6, as socket calls take it. */
struct address {
    struct sockaddr_storage sa;
    socklen_t len;
};

__attribute__((noreturn, format(printf, 1, 2))) static inline void die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("%s%s\n", errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
    exit(1);
}

/** number() - A decimal argument. */
static inline unsigned long number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*text == '\0' || *end != '\0') {
        errno = 0;
        die("no number: %s", text);
    }
    return value;
}

/** address() - Of digits; no names. */
static inline struct address address(const char *host, unsigned int port)
{
    struct address a = {.len = 0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&a.sa;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a.sa;

    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        a.len = sizeof(*v4);
    } else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        a.len = sizeof(*v6);
    } else {
        errno = 0;
        die("no address: %s", host);
    }
    return a;
}

static inline int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/** pattern() - The byte at @offset of what @seed names. */
static inline uint8_t pattern(uint64_t offset, uint32_t seed)
{
    return (uint8_t)(((offset + 1) * 2654435761u + seed * 40503u) >> 13);
}

static inline void fill_pattern(uint8_t *buf, size_t len, uint64_t offset, uint32_t seed)
{
    for (size_t i = 0; i < len; i++) {
        buf[i] = pattern(offset + i, seed);
    }
}

/** check_pattern() - Return: @len if all is right, else the offset of the first wrong byte. */
static inline size_t check_pattern(const uint8_t *buf, size_t len, uint64_t offset, uint32_t seed)
{
    size_t i = 0;

    while (i < len && buf[i] == pattern(offset + i, seed)) {
        i++;
    }
    return i;
}

#endif
