// SPDX-License-Identifier: MIT
/*
 * The words of the command line and of xenstore that configure an interface, taken apart. Knows no interface and keeps nothing.
 */
#ifndef LIB_LWIP_IP_WORDS_H
#define LIB_LWIP_IP_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#define IP_WORDS_HOST 64
#define IP_WORDS_DEV  12
#define IP_WORDS_DNS  2
#define IP_WORDS_V6   4

enum ip_auto {
    IP_AUTO_UNSAID,
    IP_AUTO_OFF, /* the addresses given, or none */
    IP_AUTO_DHCP,
    IP_AUTO_NONE, /* leave the interface alone */
};

struct ip6_words {
    uint8_t address[16];
    uint8_t prefix; /* length */
};

/** struct ip_words - IPv4 addresses in network order, 0: not given. */
struct ip_words {
    char device[IP_WORDS_DEV]; /* "": any */
    char host[IP_WORDS_HOST];
    uint32_t address, server, gateway, mask, dns[IP_WORDS_DNS], ntp;
    enum ip_auto v4;
    enum ip_auto v6; /* IP_AUTO_DHCP: autoconfiguration */
    unsigned int nr_v6;
    struct ip6_words v6_addresses[IP_WORDS_V6];
    bool has_v6_gateway;
    uint8_t v6_gateway[16];
};

/**
 * ip_words_v4() - Linux's ip=, after the '='. Return: 0; -EINVAL with the reason in *why.
 */
int ip_words_v4(struct ip_words *out, const char *value, const char **why);

/** ip_words_v6() - ip6=, one word: "auto", "off", or ADDRESS[/LENGTH][,GATEWAY][,DEVICE]. Adds to @out. */
int ip_words_v6(struct ip_words *out, const char *value, const char **why);

/**
 * ip_words_vif() - The vif's own `ip` in xl.cfg: "ADDRESS[/LENGTH] [GATEWAY] [ADDRESS6[/LENGTH]]", separated by spaces or commas.
 */
int ip_words_vif(struct ip_words *out, const char *value, const char **why);

/** ip_words_mask() - The mask of an address's class, as Linux takes when none is given. Both in network order. */
uint32_t ip_words_mask(uint32_t address);

#endif
