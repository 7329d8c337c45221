// SPDX-License-Identifier: MIT
/*
 * iperf: lwIP's lwiperf, which Debian's iperf (version 2) drives in both directions, on port 5001.
 *
 *   iperf [check]            serve: iperf -c US; with -r or -d it also sends; check: compare what is received with iperf's pattern
 *   iperf client ADDRESS     send for ten seconds to an iperf -s
 *
 * It uses lwIP's own interface, no sockets: what it measures is the stack and the driver.
 */
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include <lwip/apps/lwiperf.h>

#include <net.h>

#include "pattern.h"

#define REPORTS 16

struct report {
    enum lwiperf_report_type type;
    uint32_t bytes, ms, kbit_s;
    char peer[IPADDR_STRLEN_MAX];
};

/* Written in the stack's thread, which must not wait for the console; printed in main's. */
static struct report reports[REPORTS];
static unsigned int written, printed;
static sem_t there;

static void on_report(void *arg, enum lwiperf_report_type type, const ip_addr_t *local, u16_t local_port,
                      const ip_addr_t *remote, u16_t remote_port, u32_t bytes, u32_t ms, u32_t kbit_s)
{
    struct report *r = &reports[written % REPORTS];

    (void)arg, (void)local, (void)local_port, (void)remote_port;
    if (written - printed == REPORTS) {
        return;
    }
    *r = (struct report){.type = type, .bytes = bytes, .ms = ms, .kbit_s = kbit_s};
    ipaddr_ntoa_r(remote, r->peer, sizeof(r->peer));
    written++;
    sem_post(&there);
}

static const char *meaning(enum lwiperf_report_type type)
{
    switch (type) {
    case LWIPERF_TCP_DONE_SERVER:
        return "received from";
    case LWIPERF_TCP_DONE_CLIENT:
        return "sent to";
    case LWIPERF_TCP_ABORTED_LOCAL_DATAERROR:
        return "WRONG BYTES from";
    case LWIPERF_TCP_ABORTED_REMOTE:
        return "broken off by";
    default:
        return "failed with";
    }
}

static bool print_one(void)
{
    while (sem_wait(&there) != 0) {
    }
    const struct report r = reports[printed % REPORTS];

    printed++;
    printf("iperf: %s %s: %lu bytes in %lu ms, %lu kbit/s\n", meaning(r.type), r.peer, (unsigned long)r.bytes,
           (unsigned long)r.ms, (unsigned long)r.kbit_s);
    fflush(stdout);
    return r.type == LWIPERF_TCP_DONE_SERVER || r.type == LWIPERF_TCP_DONE_CLIENT;
}

int main(int argc, char **argv)
{
    ip_addr_t peer;
    bool client = argc == 3 && strcmp(argv[1], "client") == 0,
         check = argc == 2 && strcmp(argv[1], "check") == 0;

    if ((argc != 1 && !client && !check) || (client && !ipaddr_aton(argv[2], &peer))) {
        printf("iperf: usage: iperf [check | client ADDRESS]\n");
        return 2;
    }
    pattern_init(check);
    sem_init(&there, 0, 0);
    if (net_start() != 0) {
        printf("iperf: no network\n");
        return 1;
    }
    net_lock();
    void *session = client ? lwiperf_start_tcp_client_default(&peer, on_report, NULL)
                           : lwiperf_start_tcp_server_default(on_report, NULL);
    net_unlock();
    if (session == NULL) {
        printf("iperf: cannot start\n");
        return 1;
    }
    printf(client ? "iperf: sending\n" : "iperf: port 5001\n");
    fflush(stdout);
    if (client) {
        return print_one() ? 0 : 1;
    }
    for (;;) {
        print_one();
    }
}
