// SPDX-License-Identifier: MIT
/*
 * Names of hosts without a question to the network: numbers, the host itself, and /etc/hosts where there is one.
 */
#include "netdb_priv.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_BYTES 512
#define BLANKS     " \t\r\n"

/* An address with or without a scope behind '%'. */
static bool parse_address(const char *text, struct name_address *out)
{
    char buf[INET6_ADDRSTRLEN + IF_NAMESIZE];
    char *percent;
    struct in_addr v4;

    memset(out, 0, sizeof(*out));
    if (inet_aton(text, &v4) != 0) {
        out->family = AF_INET;
        out->v4 = v4;
        return true;
    }
    if (strlen(text) >= sizeof(buf)) {
        return false;
    }
    strcpy(buf, text);
    percent = strchr(buf, '%');
    if (percent != NULL) {
        char *end;

        *percent++ = '\0';
        out->scope = (uint32_t)strtoul(percent, &end, 10);
        if (*end != '\0' || end == percent) {
            out->scope = if_nametoindex(percent);
            if (out->scope == 0) {
                return false;
            }
        }
    }
    out->family = AF_INET6;
    return inet_pton(AF_INET6, buf, &out->v6) == 1;
}

/* One line of /etc/hosts. */
static bool line_names(char *line, const char *name, int family, struct name_address *out)
{
    char *rest;
    char *word;

    line[strcspn(line, "#")] = '\0';
    word = strtok_r(line, BLANKS, &rest);
    if (word == NULL || !parse_address(word, out) || (family != AF_UNSPEC && family != out->family)) {
        return false;
    }
    while ((word = strtok_r(NULL, BLANKS, &rest)) != NULL) {
        if (strcasecmp(word, name) == 0) {
            return true;
        }
    }
    return false;
}

int name_from_hosts(const char *name, int family, struct name_address *out, int most)
{
    FILE *hosts = fopen("/etc/hosts", "r");
    char line[LINE_BYTES];
    int nr = 0;

    if (hosts == NULL) {
        return 0;
    }
    while (nr < most && fgets(line, sizeof(line), hosts) != NULL) {
        if (line_names(line, name, family, &out[nr])) {
            nr++;
        }
    }
    fclose(hosts);
    return nr;
}

static int localhost(int family, struct name_address *out)
{
    int nr = 0;

    memset(out, 0, 2 * sizeof(*out));
    if (family != AF_INET) {
        out[nr].family = AF_INET6;
        out[nr++].v6 = in6addr_loopback;
    }
    if (family != AF_INET6) {
        out[nr].family = AF_INET;
        out[nr++].v4.s_addr = htonl(INADDR_LOOPBACK);
    }
    return nr;
}

int name_resolve(const char *name, int family, bool numeric, struct name_address *out)
{
    int nr;

    if (parse_address(name, out)) {
        return family == AF_UNSPEC || family == out->family ? 1 : EAI_ADDRFAMILY;
    }
    if (numeric) {
        return EAI_NONAME;
    }
    if (strcasecmp(name, "localhost") == 0) {
        return localhost(family, out);
    }
    nr = name_from_hosts(name, family, out, NAME_MAX_ADDRESSES);
    return nr > 0 ? nr : name_from_dns(name, family, out);
}
