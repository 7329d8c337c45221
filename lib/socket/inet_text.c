// SPDX-License-Identifier: MIT
/*
 * Internet addresses from and to text. Pure: no stack, no allocation.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

const struct in6_addr in6addr_any = IN6ADDR_ANY_INIT;
const struct in6_addr in6addr_loopback = IN6ADDR_LOOPBACK_INIT;

uint32_t(htonl)(uint32_t host)
{
    return __builtin_bswap32(host);
}

uint16_t(htons)(uint16_t host)
{
    return __builtin_bswap16(host);
}

uint32_t(ntohl)(uint32_t net)
{
    return __builtin_bswap32(net);
}

uint16_t(ntohs)(uint16_t net)
{
    return __builtin_bswap16(net);
}

/* A C number: 0x is hexadecimal, a leading 0 octal. Moves *@text behind it. */
static bool parse_number(const char **text, uint64_t *out)
{
    const char *p = *text;
    unsigned int base = 10;
    uint64_t value = 0;
    bool any = false;

    if (*p == '0') {
        any = true;
        base = 8;
        p++;
        if (*p == 'x' || *p == 'X') {
            any = false;
            base = 16;
            p++;
        }
    }
    for (;; p++) {
        unsigned int digit;

        if (*p >= '0' && *p <= '9') {
            digit = (unsigned int)(*p - '0');
        } else if ((*p | 32) >= 'a' && (*p | 32) <= 'f') {
            digit = (unsigned int)((*p | 32) - 'a') + 10;
        } else {
            break;
        }
        if (digit >= base || value > UINT32_MAX) {
            return false;
        }
        value = value * base + digit;
        any = true;
    }
    *text = p;
    *out = value;
    return any;
}

int inet_aton(const char *text, struct in_addr *out)
{
    uint64_t parts[4];
    uint64_t address = 0;
    int nr = 0;

    for (;;) {
        if (nr == 4 || !parse_number(&text, &parts[nr])) {
            return 0;
        }
        nr++;
        if (*text != '.') {
            break;
        }
        text++;
    }
    if (*text != '\0' && *text != ' ' && *text != '\t' && *text != '\n') {
        return 0;
    }
    for (int i = 0; i < nr - 1; i++) {
        if (parts[i] > 255) {
            return 0;
        }
        address |= parts[i] << (24 - 8 * i);
    }
    /* The last part fills what the others have left. */
    if (parts[nr - 1] >> (8 * (5 - nr)) != 0) {
        return 0;
    }
    address |= parts[nr - 1];
    if (out != NULL) {
        out->s_addr = htonl((uint32_t)address);
    }
    return 1;
}

in_addr_t inet_addr(const char *text)
{
    struct in_addr address;

    return inet_aton(text, &address) != 0 ? address.s_addr : INADDR_NONE;
}

in_addr_t inet_network(const char *text)
{
    struct in_addr address;

    return inet_aton(text, &address) != 0 ? ntohl(address.s_addr) : INADDR_NONE;
}

in_addr_t inet_netof(struct in_addr address)
{
    in_addr_t a = ntohl(address.s_addr);

    return IN_CLASSA(a)   ? a >> IN_CLASSA_NSHIFT
           : IN_CLASSB(a) ? a >> IN_CLASSB_NSHIFT
                          : a >> IN_CLASSC_NSHIFT;
}

in_addr_t inet_lnaof(struct in_addr address)
{
    in_addr_t a = ntohl(address.s_addr);

    return IN_CLASSA(a) ? a & IN_CLASSA_HOST : IN_CLASSB(a) ? a & IN_CLASSB_HOST : a & IN_CLASSC_HOST;
}

struct in_addr inet_makeaddr(in_addr_t net, in_addr_t host)
{
    in_addr_t a = net < 128     ? (net << IN_CLASSA_NSHIFT) | (host & IN_CLASSA_HOST)
                  : net < 65536 ? (net << IN_CLASSB_NSHIFT) | (host & IN_CLASSB_HOST)
                                : (net << IN_CLASSC_NSHIFT) | (host & IN_CLASSC_HOST);

    return (struct in_addr){htonl(a)};
}

char *inet_ntoa(struct in_addr address)
{
    static _Thread_local char text[INET_ADDRSTRLEN];

    inet_ntop(AF_INET, &address, text, sizeof(text));
    return text;
}

/* Strictly four decimal parts without leading zeros. */
static bool parse_dotted(const char *text, uint8_t out[4])
{
    for (int i = 0; i < 4; i++) {
        unsigned int value = 0;
        int digits = 0;

        for (; *text >= '0' && *text <= '9'; text++) {
            if (digits > 0 && value == 0) {
                return false;
            }
            value = value * 10 + (unsigned int)(*text - '0');
            if (++digits > 3 || value > 255) {
                return false;
            }
        }
        if (digits == 0 || *text != (i < 3 ? '.' : '\0')) {
            return false;
        }
        text++;
        out[i] = (uint8_t)value;
    }
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* One group of up to four digits; 0 when there is none. */
static int parse_group(const char *text, unsigned int *value)
{
    int digits = 0;

    *value = 0;
    while (digits < 5 && hex_digit(text[digits]) >= 0) {
        *value = *value << 4 | (unsigned int)hex_digit(text[digits]);
        digits++;
    }
    return digits;
}

static bool parse_v6(const char *text, uint8_t out[16])
{
    uint8_t bytes[16] = {0};
    int at = 0;
    int gap = -1;

    if (text[0] == ':' && *++text != ':') {
        return false;
    }
    while (*text != '\0') {
        unsigned int value;
        int digits;

        if (*text == ':') {
            if (gap >= 0) {
                return false;
            }
            gap = at;
            text++;
            if (*text == '\0') {
                break;
            }
        }
        digits = parse_group(text, &value);
        if (digits > 0 && text[digits] == '.') {
            if (at > 12 || !parse_dotted(text, &bytes[at])) {
                return false;
            }
            at += 4;
            break;
        }
        if (digits == 0 || digits > 4 || at > 14) {
            return false;
        }
        bytes[at++] = (uint8_t)(value >> 8);
        bytes[at++] = (uint8_t)value;
        text += digits;
        if (*text == ':') {
            text++;
            if (*text == '\0') {
                return false;
            }
        } else if (*text != '\0') {
            return false;
        }
    }
    if (gap >= 0) {
        if (at == 16) {
            return false;
        }
        memmove(&bytes[16 - (at - gap)], &bytes[gap], (size_t)(at - gap));
        memset(&bytes[gap], 0, (size_t)(16 - at));
    } else if (at != 16) {
        return false;
    }
    memcpy(out, bytes, 16);
    return true;
}

int inet_pton(int family, const char *text, void *out)
{
    uint8_t bytes[4];

    switch (family) {
    case AF_INET:
        if (!parse_dotted(text, bytes)) {
            return 0;
        }
        memcpy(out, bytes, sizeof(bytes));
        return 1;
    case AF_INET6:
        return parse_v6(text, out);
    default:
        errno = EAFNOSUPPORT;
        return -1;
    }
}

/* The longest run of at least two zero groups, the first of equals (RFC 5952). */
static void find_zeros(const uint16_t groups[8], int *start, int *length)
{
    *start = -1;
    *length = 1;
    for (int i = 0; i < 8; i++) {
        int n = 0;

        while (i + n < 8 && groups[i + n] == 0) {
            n++;
        }
        if (n > *length) {
            *start = i;
            *length = n;
        }
        i += n;
    }
}

static void format_v6(const uint8_t *bytes, char *out)
{
    const struct in6_addr *address = (const void *)bytes;
    uint16_t groups[8];
    int start, length;

    for (int i = 0; i < 8; i++) {
        groups[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
    }
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        sprintf(out, "::ffff:%u.%u.%u.%u", bytes[12], bytes[13], bytes[14], bytes[15]);
        return;
    }
    find_zeros(groups, &start, &length);
    for (int i = 0; i < 8; i++) {
        if (i == start) {
            out += sprintf(out, "::");
            i += length - 1;
            continue;
        }
        out += sprintf(out, i > 0 && i != start + length ? ":%x" : "%x", groups[i]);
    }
}

const char *inet_ntop(int family, const void *address, char *out, socklen_t bytes)
{
    const uint8_t *a = address;
    struct in6_addr copy;
    char text[INET6_ADDRSTRLEN];

    if (family == AF_INET) {
        sprintf(text, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
    } else if (family == AF_INET6) {
        memcpy(&copy, address, sizeof(copy));
        format_v6(copy.s6_addr, text);
    } else {
        errno = EAFNOSUPPORT;
        return NULL;
    }
    if (strlen(text) >= bytes) {
        errno = ENOSPC;
        return NULL;
    }
    return strcpy(out, text);
}
