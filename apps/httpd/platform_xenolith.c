// SPDX-License-Identifier: MIT
/*
 * Figures of Xenolith's kernel for /status and /metrics. The one file of httpd that knows what it runs on;
 * tests/httpd/platform_host.c stands in for it on other systems.
 */
#include <arch/hypercall.h>
#include <xenolith/boot.h>
#include <xenolith/events.h>
#include <xenolith/gnttab.h>
#include <xenolith/heap.h>
#include <xenolith/net.h>
#include <xenolith/netdev.h>
#include <xenolith/page.h>
#include <xenolith/sched.h>

#include "httpd.h"

#define DEVICE_FIGURES 14

struct shower {
    void (*show)(void *cookie, const struct figure *figure);
    void *cookie;
};

static void show(const struct shower *to, const char *name, const char *text, uint64_t value)
{
    to->show(to->cookie, &(struct figure){name, NULL, text, value});
}

static void memory_figures(const struct shower *to)
{
    struct page_stats pages;
    struct heap_stats heap;

    page_get_stats(&pages);
    heap_get_stats(&heap);
    show(to, "memory_bytes", "Memory of the domain", (uint64_t)pages.total * PAGE_SIZE);
    show(to, "memory_free_bytes", "Memory free", (uint64_t)pages.free * PAGE_SIZE);
    show(to, "memory_quarantined_bytes", "Memory in quarantine", (uint64_t)pages.quarantined * PAGE_SIZE);
    show(to, "heap_used_bytes", "Heap used", heap.used_bytes);
    show(to, "heap_held_bytes", "Heap's pages", heap.held_bytes);
}

static void kernel_figures(const struct shower *to)
{
    struct sched_stats sched;
    struct gnttab_stats grants;

    sched_get_stats(&sched);
    gnttab_get_stats(&grants);
    show(to, "hypercalls_total", "Hypercalls", hypercall_count);
    show(to, "upcalls_total", "Upcalls", evtchn_stats.upcalls);
    show(to, "events_received_total", "Events received", evtchn_stats.events);
    show(to, "events_sent_total", "Events sent", evtchn_stats.sends);
    show(to, "threads", "Threads", sched.threads);
    show(to, "context_switches_total", "Context switches", sched.switches);
    show(to, "idle_total", "Times the processor was given back", sched.idle_blocks);
    show(to, "grants_in_use", "Grants in use", grants.refs_total - grants.refs_free);
    show(to, "grants_total", "Grants made", grants.grants);
    show(to, "grants_ended_total", "Grants ended", grants.ends);
}

static void stack_figures(const struct shower *to)
{
    struct net_stats net;

    net_get_stats(&net);
    show(to, "tcp_connections", "TCP connections", net.tcp_connections);
    show(to, "tcp_time_wait", "TCP connections that only wait for stray packets", net.tcp_time_wait);
    show(to, "tcp_received_total", "TCP segments received", net.tcp_in);
    show(to, "tcp_sent_total", "TCP segments sent", net.tcp_out);
    show(to, "tcp_retransmitted_total", "TCP segments sent again", net.tcp_retransmitted);
    show(to, "tcp_dropped_total", "TCP segments dropped", net.tcp_dropped);
    show(to, "net_merged_total", "Segments that left within a larger frame", net.frames_merged);
}

static uint64_t device_figure(const struct netdev *dev, unsigned int which)
{
    const struct netdev_stats *s = &dev->stats;
    const uint64_t values[DEVICE_FIGURES] = {
        dev->carrier,  s->rx_packets, s->rx_bytes, s->rx_slots, s->rx_dropped + s->rx_no_memory, s->rx_errors,
        s->tx_packets, s->tx_bytes,   s->tx_slots, s->tx_busy,  s->tx_errors + s->tx_lost,       s->notifies,
        s->upcalls,    s->batches,
    };

    return values[which];
}

/* Figure by figure, each for all interfaces: those of one name have to stand together. */
static void device_figures(const struct shower *to)
{
    static const char *const names[DEVICE_FIGURES][2] = {
        {"net_carrier", "Carrier"},
        {"net_rx_packets_total", "Packets received"},
        {"net_rx_bytes_total", "Bytes received"},
        {"net_rx_slots_total", "Ring slots received"},
        {"net_rx_dropped_total", "Packets dropped on receipt"},
        {"net_rx_errors_total", "Errors of receipt"},
        {"net_tx_packets_total", "Packets sent"},
        {"net_tx_bytes_total", "Bytes sent"},
        {"net_tx_slots_total", "Ring slots sent"},
        {"net_tx_busy_total", "Times the ring was full"},
        {"net_tx_errors_total", "Errors of sending"},
        {"net_notifies_total", "Notifications sent to the backend"},
        {"net_upcalls_total", "Upcalls from the backend"},
        {"net_batches_total", "Batches received"},
    };

    for (unsigned int which = 0; which < DEVICE_FIGURES; which++) {
        for (struct netdev *dev = netdev_next(NULL); dev != NULL; dev = netdev_next(dev)) {
            char label[32];
            struct text t = text_in(label, sizeof(label) - 1);

            text_add(&t, "dev=\"");
            text_add(&t, dev->name);
            text_add(&t, "\"");
            label[t.length] = '\0';
            to->show(to->cookie,
                     &(struct figure){names[which][0], label, names[which][1], device_figure(dev, which)});
        }
    }
}

void platform_figures(void (*show_figure)(void *cookie, const struct figure *figure), void *cookie)
{
    const struct shower to = {show_figure, cookie};

    show(&to, "uptime_seconds", "Seconds since the server started", (server_ms - server_start_ms) / 1000);
    memory_figures(&to);
    kernel_figures(&to);
    stack_figures(&to);
    device_figures(&to);
}

uint64_t platform_free_memory(void)
{
    struct page_stats pages;

    page_get_stats(&pages);
    return (uint64_t)pages.free * PAGE_SIZE;
}

const char *platform_name(void)
{
    return boot_is_pv() ? "Xenolith, PV" : "Xenolith, PVH";
}
