// SPDX-License-Identifier: MIT
/*
 * The older calls about hosts, over the same sources as getaddrinfo().
 */
#include "netdb_priv.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#define BUFFER_BYTES 1024

int *__h_errno_location(void)
{
    static _Thread_local int error;

    return &error;
}

static int h_errno_of(int eai)
{
    return eai == EAI_AGAIN                         ? TRY_AGAIN
           : eai == EAI_MEMORY || eai == EAI_SYSTEM ? NETDB_INTERNAL
                                                    : HOST_NOT_FOUND;
}

/* What @host points to goes into @buf. 0, ERANGE. */
static int fill(struct hostent *host, const char *name, int family, const struct name_address *addresses,
                int nr, char *buf, size_t bytes)
{
    size_t address_bytes = family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
    size_t needed = sizeof(char *) * (size_t)(nr + 2) + address_bytes * (size_t)nr + strlen(name) + 1;
    uintptr_t misfit = (uintptr_t)buf % sizeof(char *);
    char **pointers;

    if (misfit != 0) {
        misfit = sizeof(char *) - misfit;
    }
    if (bytes < needed + misfit) {
        return ERANGE;
    }
    pointers = (char **)(void *)(buf + misfit);
    buf = (char *)&pointers[nr + 2];
    host->h_addrtype = family;
    host->h_length = (int)address_bytes;
    host->h_addr_list = pointers;
    for (int i = 0; i < nr; i++) {
        memcpy(buf, family == AF_INET6 ? (const void *)&addresses[i].v6 : (const void *)&addresses[i].v4,
               address_bytes);
        pointers[i] = buf;
        buf += address_bytes;
    }
    pointers[nr] = NULL;
    pointers[nr + 1] = NULL;
    host->h_aliases = &pointers[nr + 1];
    host->h_name = strcpy(buf, name);
    return 0;
}

static int find(const char *name, int family, struct hostent *host, char *buf, size_t bytes,
                struct hostent **out, int *error)
{
    struct name_address addresses[NAME_MAX_ADDRESSES];
    int nr;
    int rc;

    *out = NULL;
    if (family != AF_INET && family != AF_INET6) {
        *error = NETDB_INTERNAL;
        return EAFNOSUPPORT;
    }
    nr = name_resolve(name, family, false, addresses);
    if (nr <= 0) {
        *error = h_errno_of(nr);
        return 0;
    }
    rc = fill(host, name, family, addresses, nr, buf, bytes);
    *error = rc != 0 ? NETDB_INTERNAL : NETDB_SUCCESS;
    *out = rc != 0 ? NULL : host;
    return rc;
}

int gethostbyname_r(const char *name, struct hostent *host, char *buf, size_t bytes, struct hostent **out,
                    int *error)
{
    return find(name, AF_INET, host, buf, bytes, out, error);
}

struct hostent *gethostbyname2(const char *name, int family)
{
    static _Thread_local struct hostent host;
    static _Thread_local char buf[BUFFER_BYTES];
    struct hostent *found;
    int rc = find(name, family, &host, buf, sizeof(buf), &found, &h_errno);

    if (rc != 0) {
        errno = rc;
    }
    return found;
}

struct hostent *gethostbyname(const char *name)
{
    return gethostbyname2(name, AF_INET);
}

struct hostent *gethostbyaddr(const void *address, socklen_t length, int family)
{
    struct sockaddr_in sin = {.sin_family = AF_INET};
    struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6};
    char name[NI_MAXHOST];
    int rc;

    if (family == AF_INET && length == sizeof(sin.sin_addr)) {
        memcpy(&sin.sin_addr, address, sizeof(sin.sin_addr));
        rc = getnameinfo((struct sockaddr *)&sin, sizeof(sin), name, sizeof(name), NULL, 0, NI_NAMEREQD);
    } else if (family == AF_INET6 && length == sizeof(sin6.sin6_addr)) {
        memcpy(&sin6.sin6_addr, address, sizeof(sin6.sin6_addr));
        rc = getnameinfo((struct sockaddr *)&sin6, sizeof(sin6), name, sizeof(name), NULL, 0, NI_NAMEREQD);
    } else {
        h_errno = NETDB_INTERNAL;
        errno = EINVAL;
        return NULL;
    }
    if (rc != 0) {
        h_errno = h_errno_of(rc);
        return NULL;
    }
    return gethostbyname2(name, family);
}

const char *hstrerror(int error)
{
    switch (error) {
    case NETDB_SUCCESS:
        return "Resolver Error 0 (no error)";
    case HOST_NOT_FOUND:
        return "Unknown host";
    case TRY_AGAIN:
        return "Host name lookup failure";
    case NO_RECOVERY:
        return "Unknown server error";
    case NO_DATA:
        return "No address associated with name";
    default:
        return "Resolver internal error";
    }
}

void herror(const char *text)
{
    fprintf(stderr, "%s%s%s\n", text != NULL ? text : "", text != NULL && *text != '\0' ? ": " : "",
            hstrerror(h_errno));
}
