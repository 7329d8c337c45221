// SPDX-License-Identifier: MIT
/*
 * The grant table and event channels below the fake backends. Misuse by the frontend (a double end, a page freed while granted) stops
 * the test at once.
 */
#include <fake_backend.h>

#include <stdio.h>
#include <stdlib.h>

#include <xenolith/errno.h>
#include <xenolith/events.h>
#include <xenolith/gnttab.h>
#include <xenolith/page.h>
#include <xenolith/ring.h>

#include <fake.h>
#include <fake_xenstored.h>

#define NR_REFS  16384U
#define NR_PORTS 64U

static struct {
    void *page;
    bool granted, readonly;
    unsigned int held;
} refs[NR_REFS];
static uint32_t free_refs[NR_REFS];
static unsigned int nr_free, nr_granted, nr_held;
static bool started;

static struct {
    evtchn_handler_fn fn;
    void *arg;
    bool masked, pending, scheduled, bound;
} ports[NR_PORTS];

struct fake_backend fake_backend;

#define DIE(...)                                  \
    do {                                          \
        fprintf(stderr, __VA_ARGS__);             \
        fputc('\n', stderr);                      \
        abort();                                  \
    } while (0)

int gnttab_grant(domid_t remote, const void *page, bool readonly, grant_ref_t *ref)
{
    (void)remote;
    if (!started) {
        for (uint32_t i = 8; i < NR_REFS; i++) {
            free_refs[nr_free++] = i;
        }
        started = true;
    }
    if (nr_free == 0 || fake_fail_now()) {
        return -ENOSPC;
    }
    *ref = free_refs[--nr_free];
    refs[*ref].page = (void *)((uintptr_t)page & PAGE_MASK);
    refs[*ref].granted = true;
    refs[*ref].readonly = readonly;
    nr_granted++;
    return 0;
}

int gnttab_end(grant_ref_t ref)
{
    if (ref >= NR_REFS || !refs[ref].granted) {
        DIE("gnttab_end(%u): not granted", ref);
    }
    if (refs[ref].held != 0) {
        return -EBUSY;
    }
    refs[ref].granted = false;
    nr_granted--;
    free_refs[nr_free++] = ref;
    return 0;
}

int gnttab_end_page(grant_ref_t ref, void *page)
{
    int rc = gnttab_end(ref);

    if (rc == 0) {
        page_free(page, 0);
    } else {
        page_quarantine(page);
    }
    return rc;
}

unsigned int fake_grants(void)
{
    return nr_granted;
}

unsigned int fake_grants_held(void)
{
    return nr_held;
}

void *fake_grant_page(uint32_t ref, bool write)
{
    if (ref >= NR_REFS || !refs[ref].granted || (write && refs[ref].readonly)) {
        return NULL;
    }
    return refs[ref].page;
}

void fake_grant_hold(uint32_t ref, bool hold)
{
    if (refs[ref].granted) {
        refs[ref].held += hold ? 1 : -1U;
        nr_held += hold ? 1 : -1U;
    }
}

void fake_grants_unmap(void)
{
    for (uint32_t i = 0; i < NR_REFS; i++) {
        refs[i].held = 0;
    }
    nr_held = 0;
}

/* What the frontend has given up stays granted: its page is in quarantine, so the ref must not come back either. */
void fake_grants_let_go(void)
{
    for (uint32_t i = 0; i < NR_REFS; i++) {
        if (refs[i].granted && refs[i].held != 0) {
            refs[i].held = 0;
            refs[i].granted = false;
            nr_granted--;
            free_refs[nr_free++] = i;
        }
    }
    nr_held = 0;
}

/* ---- Event channels ---- */

void __real_evtchn_mask(evtchn_port_t port);
void __real_evtchn_unmask(evtchn_port_t port);
int __real_evtchn_send(evtchn_port_t port);
void __wrap_evtchn_mask(evtchn_port_t port);
void __wrap_evtchn_unmask(evtchn_port_t port);
int __wrap_evtchn_send(evtchn_port_t port);

static void deliver(void *arg)
{
    evtchn_port_t port = (evtchn_port_t)(uintptr_t)arg;

    ports[port].scheduled = false;
    if (ports[port].pending && !ports[port].masked && ports[port].fn != NULL) {
        ports[port].pending = false;
        ports[port].fn(port, ports[port].arg);
    }
}

static void look(evtchn_port_t port)
{
    if (ports[port].pending && !ports[port].masked && !ports[port].scheduled) {
        ports[port].scheduled = true;
        fake_event_at(0, deliver, (void *)(uintptr_t)port);
    }
}

int evtchn_alloc_unbound(domid_t remote, evtchn_handler_fn fn, void *arg, evtchn_port_t *port)
{
    (void)remote;
    if (fake_fail_now()) {
        return -ENOSPC;
    }
    for (evtchn_port_t i = FAKE_XS_PORT + 1; i < NR_PORTS; i++) {
        if (ports[i].fn == NULL) {
            ports[i].fn = fn;
            ports[i].arg = arg;
            ports[i].masked = true;
            ports[i].pending = ports[i].bound = false;
            *port = i;
            return 0;
        }
    }
    return -ENOSPC;
}

void fake_backend_disturb(void *ring_page, uint32_t port)
{
    struct ring_page *ring = ring_page;

    switch (fake_random_below(3)) {
    case 0:
        for (unsigned int i = 0; i < 3; i++) {
            fake_backend_notify(port);
        }
        break;
    case 1:
        ring->req_event = (uint32_t)fake_random();
        break;
    default:
        ring->rsp_event = (uint32_t)fake_random(); /* the frontend's: only it suffers if that were believed */
        fake_backend_notify(port);
        break;
    }
}

void fake_backend_bind(uint32_t port)
{
    if (port < NR_PORTS) {
        ports[port].bound = true;
    }
}

int evtchn_get_status(struct evtchn_status *status)
{
    if (status->port >= NR_PORTS || ports[status->port].fn == NULL) {
        return -EINVAL;
    }
    status->status = ports[status->port].bound ? EVTCHNSTAT_interdomain : EVTCHNSTAT_unbound;
    return 0;
}

int evtchn_close(evtchn_port_t port)
{
    if (port >= NR_PORTS || ports[port].fn == NULL) {
        DIE("evtchn_close(%u): not bound", port);
    }
    ports[port].fn = NULL;
    return 0;
}

void __wrap_evtchn_mask(evtchn_port_t port)
{
    if (port == FAKE_XS_PORT) {
        __real_evtchn_mask(port);
    } else {
        ports[port].masked = true;
    }
}

void __wrap_evtchn_unmask(evtchn_port_t port)
{
    if (port == FAKE_XS_PORT) {
        __real_evtchn_unmask(port);
        return;
    }
    if (ports[port].fn == NULL) {
        DIE("evtchn_unmask(%u): not bound", port);
    }
    ports[port].masked = false;
    look(port);
}

int __wrap_evtchn_send(evtchn_port_t port)
{
    if (port == FAKE_XS_PORT) {
        return __real_evtchn_send(port);
    }
    if (ports[port].fn == NULL) {
        DIE("evtchn_send(%u): not bound", port);
    }
    fake_backend.notified++;
    return 0;
}

void fake_backend_notify(uint32_t port)
{
    if (port < NR_PORTS && ports[port].fn != NULL) {
        fake_backend.events++;
        ports[port].pending = true;
        look(port);
    }
}
