// SPDX-License-Identifier: MIT
/*
 * NAME.local, where `mdns=NAME` asks for it: multicast DNS on every interface (RFC 6762).
 */
#include <string.h>

#include <lwip/apps/mdns.h>

#include <xenolith/boot.h>
#include <xenolith/errno.h>
#include <xenolith/printk.h>

#include "port_priv.h"

static char name[IP_WORDS_HOST];
static bool running;

int mdns_name_set(const char *value)
{
    size_t len = strlen(value);

    if (len == 0 || len >= sizeof(name) || strchr(value, '.') != NULL) {
        return -EINVAL;
    }
    memcpy(name, value, len + 1);
    return 0;
}

BOOT_OPTION(mdns, "mdns", mdns_name_set);

void mdns_name_start(struct net_interface *ni)
{
    err_t rc;

    if (name[0] == '\0') {
        return;
    }
    if (!running) {
        mdns_resp_init();
        running = true;
    }
    rc = mdns_resp_add_netif(&ni->netif, name);
    if (rc != ERR_OK) {
        pr_err("%s: mdns: %s.local cannot be announced (%d)", ni->name, name, rc);
    }
}
