// SPDX-License-Identifier: MIT
/*
 * Time from an SNTP server, where `sntp=SERVER` (or `sntp`, a server that DHCP names) asks for it: how far the host's clock is off.
 */
#include <lwip/apps/sntp.h>

#include <xenolith/boot.h>
#include <xenolith/printk.h>
#include <xenolith/time.h>

#include "port_priv.h"

#define NTP_TO_UNIX_S 2208988800U

static const char *server; /* NULL: not wanted; "": DHCP's */

static int set_server(const char *value)
{
    server = value;
    return 0;
}

BOOT_OPTION(sntp, "sntp", set_server);

void net_sntp_now(uint32_t *seconds, uint32_t *fraction)
{
    uint64_t now = time_wall_ns();

    *seconds = (uint32_t)(now / NS_PER_SEC + NTP_TO_UNIX_S);
    *fraction = (uint32_t)(((now % NS_PER_SEC) << 32) / NS_PER_SEC);
}

void net_sntp_time(uint32_t seconds, uint32_t fraction)
{
    int64_t theirs = (int64_t)(uint32_t)(seconds - NTP_TO_UNIX_S) * (int64_t)NS_PER_SEC +
                     (int64_t)(((uint64_t)fraction * NS_PER_SEC) >> 32);
    int64_t off_ms = (theirs - (int64_t)time_wall_ns()) / (int64_t)NS_PER_MS;

    pr_info("net: sntp: the host's clock is %s by %u ms", off_ms < 0 ? "fast" : "slow",
            (unsigned int)(off_ms < 0 ? -off_ms : off_ms));
}

void sntp_time_prepare(void)
{
    if (server == NULL) {
        return;
    }
    net_lock();
    sntp_setoperatingmode(SNTP_OPMODE_POLL);
    if (server[0] != '\0') {
        sntp_setservername(0, server);
    } else {
        sntp_servermode_dhcp(1);
    }
    net_unlock();
}

void sntp_time_start(void)
{
    if (server == NULL) {
        return;
    }
    net_lock();
    sntp_init();
    net_unlock();
}
