// SPDX-License-Identifier: MIT
/*
 * lwIP's timers, in place of its own timeouts.c: one thread that sleeps until the next one is due. An idle machine stays idle: TCP is timed
 * while there are connections, DHCP while it waits for an answer, and what only counts seconds (ARP, ND, reassembly, names) stops QUIET_MS after the last
 * packet; who enters the stack next makes up for the seconds missed first, while nothing is half done.
 */
#include <lwip/dhcp.h>
#include <lwip/dhcp6.h>
#include <lwip/dns.h>
#include <lwip/etharp.h>
#include <lwip/igmp.h>
#include <lwip/ip4_frag.h>
#include <lwip/ip6_frag.h>
#include <lwip/mld6.h>
#include <lwip/nd6.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/panic.h>
#include <xenolith/sched.h>
#include <xenolith/time.h>

#include "port_priv.h"

#define TRIM_INTERVAL_MS 1000U
#define QUIET_MS    75000U /* longer than fragments are kept (60 s), the longest of what does not count */
#define CATCH_UP    86400U /* seconds made up for at most: of what counts, nothing lasts longer unheard */
#define STACK_BYTES (28UL << 10)

static bool tcp_needed(void)
{
    return tcp_active_pcbs != NULL || tcp_tw_pcbs != NULL;
}

static bool dhcp_waits(void)
{
    for (struct netif *n = netif_list; n != NULL; n = n->next) {
        const struct dhcp *dhcp = netif_dhcp_data(n);

        if (dhcp != NULL && dhcp->request_timeout != 0) {
            return true;
        }
    }
    return false;
}

static bool dhcp_used(void)
{
    for (struct netif *n = netif_list; n != NULL; n = n->next) {
        if (netif_dhcp_data(n) != NULL) {
            return true;
        }
    }
    return false;
}

static bool igmp_waits(void)
{
    for (struct netif *n = netif_list; n != NULL; n = n->next) {
        for (const struct igmp_group *g = netif_igmp_data(n); g != NULL; g = g->next) {
            if (g->timer != 0) {
                return true;
            }
        }
    }
    return false;
}

static bool mld_waits(void)
{
    for (struct netif *n = netif_list; n != NULL; n = n->next) {
        for (const struct mld_group *g = netif_mld6_data(n); g != NULL; g = g->next) {
            if (g->timer != 0) {
                return true;
            }
        }
    }
    return false;
}

/**
 * struct ticker - A function that lwIP wants called again and again.
 * @wanted: Whether it has anything to do; NULL: until it is quiet.
 * @counts: What it counts must not be lost: missed calls are made up for.
 */
struct ticker {
    void (*fn)(void);
    bool (*wanted)(void);
    uint64_t due_ns;
    uint32_t interval_ms;
    bool counts;
};

static void trim(void)
{
    memp_trim();
    transmit_trim();
}

static struct ticker tickers[] = {
    {.interval_ms = TCP_TMR_INTERVAL, .fn = tcp_tmr, .wanted = tcp_needed},
    {.interval_ms = IP_TMR_INTERVAL, .fn = ip_reass_tmr},
    {.interval_ms = IP6_REASS_TMR_INTERVAL, .fn = ip6_reass_tmr},
    {.interval_ms = ARP_TMR_INTERVAL, .fn = etharp_tmr, .counts = true},
    {.interval_ms = ND6_TMR_INTERVAL, .fn = nd6_tmr, .counts = true},
    {.interval_ms = DNS_TMR_INTERVAL, .fn = dns_tmr, .counts = true},
    {.interval_ms = DHCP_FINE_TIMER_MSECS, .fn = dhcp_fine_tmr, .wanted = dhcp_waits},
    {.interval_ms = DHCP_COARSE_TIMER_MSECS, .fn = dhcp_coarse_tmr, .wanted = dhcp_used},
    {.interval_ms = DHCP6_TIMER_MSECS, .fn = dhcp6_tmr},
    {.interval_ms = IGMP_TMR_INTERVAL, .fn = igmp_tmr, .wanted = igmp_waits},
    {.interval_ms = TRIM_INTERVAL_MS, .fn = trim},
    {.interval_ms = MLD6_TMR_INTERVAL, .fn = mld6_tmr, .wanted = mld_waits},
};

/** struct timeout - One call of sys_timeout(). */
struct timeout {
    struct timeout *next;
    uint64_t due_ns;
    sys_timeout_handler fn;
    void *arg;
};

bool timeouts_asleep, timeouts_packet;
static struct timeout *timeouts; /* the earliest first */
static struct wait_queue wq = WAIT_QUEUE_INIT(wq);
static bool kicked;
static uint64_t quiet_at_ns;

u32_t sys_now(void)
{
    return (u32_t)(time_monotonic_ns() / NS_PER_MS);
}

static void kick(void)
{
    if (!kicked) {
        kicked = true;
        (void)wait_wake_one(&wq);
    }
}

void sys_timeout(u32_t msecs, sys_timeout_handler handler, void *arg)
{
    struct timeout *t = heap_alloc(sizeof(*t));
    struct timeout **at = &timeouts;

    if (t == NULL) {
        return; /* its caller's next packet or query tries again */
    }
    *t = (struct timeout){.due_ns = time_deadline_ns(msecs * NS_PER_MS), .fn = handler, .arg = arg};
    while (*at != NULL && (*at)->due_ns <= t->due_ns) {
        at = &(*at)->next;
    }
    t->next = *at;
    *at = t;
    if (timeouts == t) {
        kick();
    }
}

void sys_untimeout(sys_timeout_handler handler, void *arg)
{
    for (struct timeout **at = &timeouts; *at != NULL; at = &(*at)->next) {
        struct timeout *t = *at;

        if (t->fn == handler && t->arg == arg) {
            *at = t->next;
            heap_free(t);
            return;
        }
    }
}

/* A connection has begun. */
void tcp_timer_needed(void)
{
    if (tickers[0].due_ns == 0) {
        kick();
    }
}

static uint64_t interval_ns(const struct ticker *t)
{
    return t->interval_ms * NS_PER_MS;
}

/** make_up() - The seconds that passed in silence, all at once. */
static void make_up(uint64_t now)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(tickers); i++) {
        struct ticker *t = &tickers[i];
        uint64_t missed;

        if (t->wanted != NULL || t->due_ns == 0) {
            continue;
        }
        missed = now > t->due_ns ? (now - t->due_ns) / interval_ns(t) : 0;
        for (uint64_t n = 0; t->counts && n < MIN(missed, CATCH_UP); n++) {
            t->fn();
        }
        t->due_ns += missed * interval_ns(t);
    }
}

void timeouts_wake(void)
{
    if (!timeouts_asleep) {
        return;
    }
    timeouts_asleep = false;
    timeouts_packet = true;
    make_up(time_monotonic_ns());
    kick();
}

/** run_tickers() - Call what is due. Return: when the next one is. */
static uint64_t run_tickers(uint64_t now)
{
    uint64_t next = TIME_FOREVER;

    if (timeouts_packet) {
        timeouts_packet = false;
        quiet_at_ns = now + QUIET_MS * NS_PER_MS;
    }
    timeouts_asleep = now >= quiet_at_ns;
    for (unsigned int i = 0; i < ARRAY_SIZE(tickers); i++) {
        struct ticker *t = &tickers[i];

        if (t->wanted != NULL && !t->wanted()) {
            t->due_ns = 0;
            continue;
        }
        if (t->wanted == NULL && timeouts_asleep) {
            continue;
        }
        if (t->due_ns == 0) {
            t->due_ns = now + interval_ns(t);
        } else if (t->due_ns <= now) {
            t->due_ns = MAX(t->due_ns + interval_ns(t), now); /* late is late, but not twice */
            t->fn();
        }
        next = MIN(next, t->due_ns);
    }
    return next;
}

static uint64_t run(void)
{
    uint64_t now = time_monotonic_ns();
    uint64_t next;

    net_depth++; /* not net_lock(): being called is no reason to stay awake */
    if (timeouts_asleep) {
        make_up(now);
    }
    while (timeouts != NULL && timeouts->due_ns <= now) {
        struct timeout *t = timeouts;

        timeouts = t->next;
        t->fn(t->arg);
        heap_free(t);
    }
    next = run_tickers(now);
    net_unlock();
    return timeouts != NULL ? MIN(next, timeouts->due_ns) : next;
}

static void timeouts_main(void *arg)
{
    uint64_t next = 0;

    (void)arg;
    for (;;) {
        (void)wait_event_until(&wq, kicked, next);
        kicked = false;
        next = run();
    }
}

int timeouts_start(void)
{
    struct thread *thread;
    int rc;

    quiet_at_ns = time_deadline_ns(QUIET_MS * NS_PER_MS);
    rc = thread_create(&thread, "net-timer", timeouts_main, NULL, STACK_BYTES);
    if (rc == 0) {
        thread_detach(thread);
    }
    return rc;
}
