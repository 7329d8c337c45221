// SPDX-License-Identifier: MIT
/*
 * Names of services and protocols: the few that programs ask for, by IANA's registry. There is no /etc/services.
 */
#include "netdb_priv.h"

#include <netdb.h>
#include <string.h>

#define TCP 1
#define UDP 2

static const struct service {
    const char *name;
    uint16_t port;
    uint8_t protocols;
} services[] = {
    {"echo", 7, TCP | UDP},
    {"discard", 9, TCP | UDP},
    {"daytime", 13, TCP | UDP},
    {"chargen", 19, TCP | UDP},
    {"ftp-data", 20, TCP},
    {"ftp", 21, TCP},
    {"ssh", 22, TCP},
    {"telnet", 23, TCP},
    {"smtp", 25, TCP},
    {"time", 37, TCP | UDP},
    {"domain", 53, TCP | UDP},
    {"bootps", 67, UDP},
    {"bootpc", 68, UDP},
    {"tftp", 69, UDP},
    {"http", 80, TCP},
    {"www", 80, TCP},
    {"kerberos", 88, TCP | UDP},
    {"pop3", 110, TCP},
    {"sunrpc", 111, TCP | UDP},
    {"nntp", 119, TCP},
    {"ntp", 123, UDP},
    {"imap2", 143, TCP},
    {"imap", 143, TCP},
    {"snmp", 161, UDP},
    {"snmp-trap", 162, UDP},
    {"bgp", 179, TCP},
    {"ldap", 389, TCP | UDP},
    {"https", 443, TCP | UDP},
    {"submission", 587, TCP},
    {"syslog", 514, UDP},
    {"ldaps", 636, TCP | UDP},
    {"iscsi-target", 3260, TCP},
    {"imaps", 993, TCP},
    {"pop3s", 995, TCP},
    {"mqtt", 1883, TCP},
    {"nfs", 2049, TCP | UDP},
    {"mysql", 3306, TCP},
    {"postgresql", 5432, TCP},
    {"mdns", 5353, UDP},
    {"redis", 6379, TCP},
    {"http-alt", 8080, TCP | UDP},
};

static const struct {
    const char *name;
    int number;
} protocols[] = {
    {"ip", IPPROTO_IP},   {"icmp", IPPROTO_ICMP}, {"igmp", IPPROTO_IGMP},        {"tcp", IPPROTO_TCP},
    {"udp", IPPROTO_UDP}, {"ipv6", IPPROTO_IPV6}, {"ipv6-icmp", IPPROTO_ICMPV6}, {"gre", IPPROTO_GRE},
};

static uint8_t bits_of(const char *protocol)
{
    if (protocol == NULL) {
        return TCP | UDP;
    }
    return strcmp(protocol, "tcp") == 0 ? TCP : strcmp(protocol, "udp") == 0 ? UDP : 0;
}

static const struct service *find(const char *name, int port, const char *protocol)
{
    uint8_t bits = bits_of(protocol);

    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        if ((services[i].protocols & bits) != 0 &&
            (name != NULL ? strcmp(services[i].name, name) == 0 : services[i].port == port)) {
            return &services[i];
        }
    }
    return NULL;
}

int service_port(const char *name, const char *protocol)
{
    const struct service *s = find(name, 0, protocol);

    return s != NULL ? s->port : -1;
}

const char *service_name(int port, const char *protocol)
{
    const struct service *s = find(NULL, port, protocol);

    return s != NULL ? s->name : NULL;
}

static struct servent *describe(const struct service *s, const char *protocol)
{
    static char *no_aliases[] = {NULL};
    static _Thread_local struct servent entry;

    if (s == NULL) {
        return NULL;
    }
    entry.s_name = (char *)(uintptr_t)s->name;
    entry.s_aliases = no_aliases;
    entry.s_port = htons(s->port);
    entry.s_proto = (char *)(uintptr_t)(protocol != NULL            ? protocol
                                        : (s->protocols & TCP) != 0 ? "tcp"
                                                                    : "udp");
    return &entry;
}

struct servent *getservbyname(const char *name, const char *protocol)
{
    return describe(find(name, 0, protocol), protocol);
}

struct servent *getservbyport(int port, const char *protocol)
{
    return describe(find(NULL, ntohs((uint16_t)port), protocol), protocol);
}

static struct protoent *describe_protocol(const char *name, int number)
{
    static char *no_aliases[] = {NULL};
    static _Thread_local struct protoent entry;

    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
        if (name != NULL ? strcmp(protocols[i].name, name) == 0 : protocols[i].number == number) {
            entry.p_name = (char *)(uintptr_t)protocols[i].name;
            entry.p_aliases = no_aliases;
            entry.p_proto = protocols[i].number;
            return &entry;
        }
    }
    return NULL;
}

struct protoent *getprotobyname(const char *name)
{
    return describe_protocol(name, 0);
}

struct protoent *getprotobynumber(int number)
{
    return describe_protocol(NULL, number);
}
