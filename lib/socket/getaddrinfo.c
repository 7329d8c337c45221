// SPDX-License-Identifier: MIT
/*
 * getaddrinfo(): names and services to addresses, as RFC 3493 has it.
 */
#include "netdb_priv.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#define KNOWN_FLAGS                                                                                        \
    (AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_V4MAPPED | AI_ALL | AI_ADDRCONFIG | AI_NUMERICSERV)

static const struct kind {
    int type, protocol;
    const char *name;
} kinds[] = {
    {SOCK_STREAM, IPPROTO_TCP, "tcp"},
    {SOCK_DGRAM, IPPROTO_UDP, "udp"},
    {SOCK_RAW, 0, NULL},
};

/* One element is one block: itself, its address, the name. */
struct element {
    struct addrinfo info;
    struct sockaddr_storage address;
    char name[];
};

static int check_hints(const struct addrinfo *hints, const char *node)
{
    if ((hints->ai_flags & ~KNOWN_FLAGS) != 0 || ((hints->ai_flags & AI_CANONNAME) != 0 && node == NULL)) {
        return EAI_BADFLAGS;
    }
    if (hints->ai_family != AF_UNSPEC && hints->ai_family != AF_INET && hints->ai_family != AF_INET6) {
        return EAI_FAMILY;
    }
    if (hints->ai_socktype < 0 || hints->ai_socktype > SOCK_RAW) {
        return EAI_SOCKTYPE;
    }
    return 0;
}

/* Without a name: the host itself, or every address of it. */
static int addresses_of_none(const struct addrinfo *hints, struct name_address *out)
{
    bool passive = (hints->ai_flags & AI_PASSIVE) != 0;
    int nr = 0;

    memset(out, 0, 2 * sizeof(*out));
    if (hints->ai_family != AF_INET6) {
        out[nr].family = AF_INET;
        out[nr++].v4.s_addr = htonl(passive ? INADDR_ANY : INADDR_LOOPBACK);
    }
    if (hints->ai_family != AF_INET) {
        out[nr].family = AF_INET6;
        out[nr++].v6 = passive ? in6addr_any : in6addr_loopback;
    }
    return nr;
}

static void map_to_v6(struct name_address *addresses, int nr)
{
    for (int i = 0; i < nr; i++) {
        struct in_addr v4 = addresses[i].v4;

        if (addresses[i].family == AF_INET) {
            memset(&addresses[i], 0, sizeof(addresses[i]));
            addresses[i].family = AF_INET6;
            addresses[i].v6.s6_addr32[2] = htonl(0xffff);
            addresses[i].v6.s6_addr32[3] = v4.s_addr;
        }
    }
}

static int addresses_of(const char *node, const struct addrinfo *hints, struct name_address *out)
{
    bool numeric = (hints->ai_flags & AI_NUMERICHOST) != 0;
    int nr;

    if (node == NULL) {
        return addresses_of_none(hints, out);
    }
    nr = name_resolve(node, hints->ai_family, numeric, out);
    if (nr <= 0 && hints->ai_family == AF_INET6 && (hints->ai_flags & AI_V4MAPPED) != 0) {
        int others = name_resolve(node, AF_INET, numeric, out);

        if (others > 0) {
            map_to_v6(out, others);
            return others;
        }
    }
    return nr;
}

/* The port of @service for one kind of socket; -1: none. */
static int port_of(const char *service, const struct kind *kind, int flags)
{
    char *end;
    unsigned long number;

    if (service == NULL) {
        return 0;
    }
    number = strtoul(service, &end, 10);
    if (end != service && *end == '\0') {
        return number <= 65535 ? (int)number : -1;
    }
    return (flags & AI_NUMERICSERV) != 0 || kind->name == NULL ? -1 : service_port(service, kind->name);
}

static struct addrinfo *make(const struct name_address *from, const struct kind *kind, int protocol, int port,
                             const char *name)
{
    struct element *e = calloc(1, sizeof(*e) + (name != NULL ? strlen(name) + 1 : 0));
    struct sockaddr_in *sin;
    struct sockaddr_in6 *sin6;

    if (e == NULL) {
        return NULL;
    }
    e->info.ai_family = from->family;
    e->info.ai_socktype = kind->type;
    e->info.ai_protocol = kind->protocol != 0 ? kind->protocol : protocol;
    e->info.ai_addr = (struct sockaddr *)&e->address;
    if (name != NULL) {
        e->info.ai_canonname = strcpy(e->name, name);
    }
    if (from->family == AF_INET) {
        sin = (struct sockaddr_in *)&e->address;
        sin->sin_family = AF_INET;
        sin->sin_port = htons((uint16_t)port);
        sin->sin_addr = from->v4;
        e->info.ai_addrlen = sizeof(*sin);
    } else {
        sin6 = (struct sockaddr_in6 *)&e->address;
        sin6->sin6_family = AF_INET6;
        sin6->sin6_port = htons((uint16_t)port);
        sin6->sin6_addr = from->v6;
        sin6->sin6_scope_id = from->scope;
        e->info.ai_addrlen = sizeof(*sin6);
    }
    return &e->info;
}

static bool is_meant(const struct addrinfo *hints, const struct kind *kind)
{
    if (hints->ai_socktype != 0 && hints->ai_socktype != kind->type) {
        return false;
    }
    if (hints->ai_protocol == 0) {
        return true;
    }
    /* A protocol alone names its own kind of socket, not the raw one that could carry it too. */
    return kind->protocol == 0 ? hints->ai_socktype == kind->type : hints->ai_protocol == kind->protocol;
}

/* All kinds of socket for all addresses. 0 or an EAI_* error; @out is the caller's to free either way. */
static int combine(const struct name_address *addresses, int nr, const char *node, const char *service,
                   const struct addrinfo *hints, struct addrinfo **out)
{
    const char *name = (hints->ai_flags & AI_CANONNAME) != 0 ? node : NULL;
    bool any_kind = false;

    for (int i = 0; i < nr; i++) {
        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
            int port;

            if (!is_meant(hints, &kinds[k])) {
                continue;
            }
            any_kind = true;
            port = port_of(service, &kinds[k], hints->ai_flags);
            if (port < 0) {
                continue;
            }
            *out = make(&addresses[i], &kinds[k], hints->ai_protocol, port, name);
            if (*out == NULL) {
                return EAI_MEMORY;
            }
            out = &(*out)->ai_next;
            name = NULL;
        }
    }
    return any_kind ? 0 : EAI_SOCKTYPE;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    static const struct addrinfo no_hints = {.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG};
    struct name_address addresses[NAME_MAX_ADDRESSES];
    struct addrinfo *list = NULL;
    int rc;

    hints = hints != NULL ? hints : &no_hints;
    if (node == NULL && service == NULL) {
        return EAI_NONAME;
    }
    rc = check_hints(hints, node);
    if (rc != 0) {
        return rc;
    }
    rc = addresses_of(node, hints, addresses);
    if (rc <= 0) {
        return rc == 0 ? EAI_NONAME : rc;
    }
    rc = combine(addresses, rc, node, service, hints, &list);
    if (rc == 0 && list == NULL) {
        rc = (hints->ai_flags & AI_NUMERICSERV) != 0 ? EAI_NONAME : EAI_SERVICE;
    }
    if (rc != 0) {
        freeaddrinfo(list);
        return rc;
    }
    *out = list;
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;

        free(list);
        list = next;
    }
}

const char *gai_strerror(int error)
{
    switch (error) {
    case 0:
        return "Success";
    case EAI_BADFLAGS:
        return "Bad value for ai_flags";
    case EAI_NONAME:
        return "Name or service not known";
    case EAI_AGAIN:
        return "Temporary failure in name resolution";
    case EAI_FAIL:
        return "Non-recoverable failure in name resolution";
    case EAI_NODATA:
        return "No address associated with hostname";
    case EAI_FAMILY:
        return "ai_family not supported";
    case EAI_SOCKTYPE:
        return "ai_socktype not supported";
    case EAI_SERVICE:
        return "Servname not supported for ai_socktype";
    case EAI_ADDRFAMILY:
        return "Address family for hostname not supported";
    case EAI_MEMORY:
        return "Memory allocation failure";
    case EAI_SYSTEM:
        return "System error";
    case EAI_OVERFLOW:
        return "Argument buffer overflow";
    default:
        return "Unknown error";
    }
}
