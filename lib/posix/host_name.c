// SPDX-License-Identifier: MIT
/*
 * The host's name, and uname(). The name is what sethostname() said, else the network's (hostname= on the command line, DHCP's host
 * word), else the domain's own in xenstore.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <xenolith/boot.h>
#include <xenolith/compiler.h>
#include <xenolith/heap.h>
#include <xenolith/xenstore.h>

#include "../newlib/newlib_priv.h"

/* Only there in images with a network; nothing here may link it. */
WEAK const char *net_hostname(void);

static char host_name[HOST_NAME_MAX + 1];

static const char *find_host_name(void)
{
    char *value;

    if (host_name[0] != '\0') {
        return host_name;
    }
    if (net_hostname != NULL && net_hostname()[0] != '\0') {
        return net_hostname();
    }
    if (xs_read(XS_TX_NONE, "name", &value, NULL) == 0) {
        (void)snprintf(host_name, sizeof(host_name), "%s", value);
        heap_free(value);
    }
    return host_name[0] != '\0' ? host_name : "xenolith";
}

int gethostname(char *name, size_t bytes)
{
    const char *found = find_host_name();

    if (strlen(found) >= bytes) {
        return (int)libc_result(-ENAMETOOLONG);
    }
    (void)strcpy(name, found);
    return 0;
}

int sethostname(const char *name, size_t bytes)
{
    if (bytes == 0 || bytes > HOST_NAME_MAX) {
        return (int)libc_result(-EINVAL);
    }
    memcpy(host_name, name, bytes);
    host_name[bytes] = '\0';
    return 0;
}

int uname(struct utsname *out)
{
    memset(out, 0, sizeof(*out));
    (void)strcpy(out->sysname, "Xenolith");
    (void)snprintf(out->nodename, sizeof(out->nodename), "%s", find_host_name());
    (void)strcpy(out->release, "1");
    (void)strcpy(out->version, boot_is_pv() ? "Xen PV" : "Xen PVH");
    (void)strcpy(out->machine, "x86_64");
    (void)strcpy(out->domainname, "(none)");
    return 0;
}
