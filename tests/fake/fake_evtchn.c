// SPDX-License-Identifier: MIT
/*
 * A model of Xen's event channels: port states, the hypercalls, and the two-level bits with the same atomic steps in
 * the same order as Xen takes them. Never touches what belongs to the guest but the shared bits.
 */
#include <fake_evtchn.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arch/irq.h>
#include <fake.h>
#include <xenolith/errno.h>
#include <xenolith/events.h>

#define WORD_BITS 64

struct xen_port {
    uint32_t state; /* EVTCHNSTAT_* */
    domid_t remote_dom;
    evtchn_port_t remote_port;
    uint32_t virq;
};

static struct xen_port ports[FAKE_EVTCHN_PORTS + 1]; /* the last is only given out on demand */
static evtchn_port_t next_port;
static unsigned int refused_cmd;
static int refused_error;
static unsigned int upcalls_in_row;

void (*fake_evtchn_in_hypercall)(void);
bool fake_evtchn_close_clears = true;
unsigned int fake_evtchn_sent;

/* ---- The bits ---- */

static xen_ulong_t bit_of(evtchn_port_t port)
{
    return 1UL << (port % WORD_BITS);
}

static bool test_and_set(xen_ulong_t *word, xen_ulong_t bit)
{
    return (__atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST) & bit) != 0;
}

static bool select_word(evtchn_port_t port)
{
    return !test_and_set(&shared_info.vcpu_info[0].evtchn_pending_sel, 1UL << (port / WORD_BITS));
}

static void mark_upcall(void)
{
    if (__atomic_exchange_n(&shared_info.vcpu_info[0].evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST) == 0) {
        fake_upcall_raise();
    }
}

void fake_evtchn_raise_step(struct fake_raise *r)
{
    bool more = false;

    switch (r->step) {
    case 0:
        more = !test_and_set(&shared_info.evtchn_pending[r->port / WORD_BITS], bit_of(r->port));
        break;
    case 1:
        more = (READ_ONCE(shared_info.evtchn_mask[r->port / WORD_BITS]) & bit_of(r->port)) == 0;
        break;
    case 2:
        more = select_word(r->port);
        break;
    case 3:
        r->step = FAKE_RAISE_STEPS;
        mark_upcall();
        return;
    default:
        return;
    }
    r->step = more ? r->step + 1 : FAKE_RAISE_STEPS;
}

void fake_evtchn_raise(evtchn_port_t port)
{
    struct fake_raise r = {.port = port};

    while (r.step < FAKE_RAISE_STEPS) {
        fake_evtchn_raise_step(&r);
    }
}

static void unmask(evtchn_port_t port)
{
    xen_ulong_t *mask = &shared_info.evtchn_mask[port / WORD_BITS];

    if ((__atomic_fetch_and(mask, ~bit_of(port), __ATOMIC_SEQ_CST) & bit_of(port)) != 0 &&
        (READ_ONCE(shared_info.evtchn_pending[port / WORD_BITS]) & bit_of(port)) != 0 && select_word(port)) {
        mark_upcall();
    }
}

/* The upcall is a level: it comes again while evtchn_upcall_pending is set. */
static void upcall(void)
{
    evtchn_upcall();
    if (READ_ONCE(shared_info.vcpu_info[0].evtchn_upcall_pending) == 0) {
        upcalls_in_row = 0;
        return;
    }
    if (++upcalls_in_row > 1000000) {
        fprintf(stderr, "fake: the upcall is never taken\n");
        abort();
    }
    fake_upcall_state.pending = true;
}

/* ---- The ports ---- */

static int port_new(uint32_t state, evtchn_port_t *out)
{
    evtchn_port_t port = next_port;

    next_port = 0;
    if (port == 0) {
        for (port = 1; port < FAKE_EVTCHN_PORTS && ports[port].state != EVTCHNSTAT_closed; port++) {
        }
        if (port == FAKE_EVTCHN_PORTS) {
            return -ENOSPC;
        }
    }
    ports[port] = (struct xen_port){.state = state};
    *out = port;
    return 0;
}

static int bind_interdomain(struct evtchn_bind_interdomain *op)
{
    bool self = op->remote_dom == DOMID_SELF;
    int rc;

    if (op->remote_port == 0 || op->remote_port >= FAKE_EVTCHN_PORTS ||
        (self && (ports[op->remote_port].state != EVTCHNSTAT_unbound ||
                  ports[op->remote_port].remote_dom != DOMID_SELF))) {
        return -EINVAL;
    }
    rc = port_new(EVTCHNSTAT_interdomain, &op->local_port);
    if (rc != 0) {
        return rc;
    }
    ports[op->local_port].remote_dom = op->remote_dom;
    ports[op->local_port].remote_port = op->remote_port;
    if (self) {
        ports[op->remote_port].state = EVTCHNSTAT_interdomain;
        ports[op->remote_port].remote_port = op->local_port;
    }
    /* What was sent before there was an end is made up for. */
    if (op->local_port < FAKE_EVTCHN_PORTS) {
        fake_evtchn_raise(op->local_port);
    }
    return 0;
}

static int send(evtchn_port_t port)
{
    switch (port < FAKE_EVTCHN_PORTS ? ports[port].state : EVTCHNSTAT_closed) {
    case EVTCHNSTAT_unbound:
        return 0;
    case EVTCHNSTAT_ipi:
        fake_evtchn_raise(port);
        return 0;
    case EVTCHNSTAT_interdomain:
        if (ports[port].remote_dom == DOMID_SELF) {
            fake_evtchn_raise(ports[port].remote_port);
        } else {
            fake_evtchn_sent++;
        }
        return 0;
    default:
        return -EINVAL;
    }
}

static int close_port(evtchn_port_t port)
{
    struct xen_port *p = &ports[port];

    if (port > FAKE_EVTCHN_PORTS || p->state == EVTCHNSTAT_closed) {
        return -EINVAL;
    }
    if (p->state == EVTCHNSTAT_interdomain && p->remote_dom == DOMID_SELF) {
        ports[p->remote_port].state = EVTCHNSTAT_unbound;
    }
    p->state = EVTCHNSTAT_closed;
    if (fake_evtchn_close_clears && port < FAKE_EVTCHN_PORTS) {
        __atomic_fetch_and(&shared_info.evtchn_pending[port / WORD_BITS], ~bit_of(port), __ATOMIC_SEQ_CST);
    }
    return 0;
}

static int bind_virq(struct evtchn_bind_virq *op)
{
    int rc;

    for (evtchn_port_t p = 1; p < FAKE_EVTCHN_PORTS; p++) {
        if (ports[p].state == EVTCHNSTAT_virq && ports[p].virq == op->virq) {
            return -EEXIST;
        }
    }
    rc = port_new(EVTCHNSTAT_virq, &op->port);
    if (rc == 0) {
        ports[op->port].virq = op->virq;
    }
    return rc;
}

static int status(struct evtchn_status *op)
{
    if (op->dom != DOMID_SELF || op->port >= FAKE_EVTCHN_PORTS) {
        return -EINVAL;
    }
    op->status = ports[op->port].state;
    if (op->status == EVTCHNSTAT_interdomain) {
        op->u.interdomain.dom = ports[op->port].remote_dom;
        op->u.interdomain.port = ports[op->port].remote_port;
    }
    return 0;
}

static long event_channel_op(unsigned long cmd, unsigned long arg, unsigned long a3, unsigned long a4)
{
    void *op = (void *)arg;
    int rc;

    (void)a3;
    (void)a4;
    if (fake_evtchn_in_hypercall != NULL) {
        fake_evtchn_in_hypercall();
    }
    if (refused_error != 0 && refused_cmd == cmd) {
        rc = refused_error;
        refused_error = 0;
        return rc;
    }
    switch (cmd) {
    case EVTCHNOP_alloc_unbound:
        rc = port_new(EVTCHNSTAT_unbound, &((struct evtchn_alloc_unbound *)op)->port);
        if (rc == 0) {
            ports[((struct evtchn_alloc_unbound *)op)->port].remote_dom =
                ((struct evtchn_alloc_unbound *)op)->remote_dom;
        }
        return rc;
    case EVTCHNOP_bind_interdomain:
        return bind_interdomain(op);
    case EVTCHNOP_bind_virq:
        return bind_virq(op);
    case EVTCHNOP_bind_ipi:
        return port_new(EVTCHNSTAT_ipi, &((struct evtchn_bind_ipi *)op)->port);
    case EVTCHNOP_send:
        return send(((struct evtchn_send *)op)->port);
    case EVTCHNOP_close:
        return close_port(((struct evtchn_close *)op)->port);
    case EVTCHNOP_status:
        return status(op);
    case EVTCHNOP_unmask:
        if (((struct evtchn_unmask *)op)->port >= FAKE_EVTCHN_PORTS) {
            return -EINVAL;
        }
        unmask(((struct evtchn_unmask *)op)->port);
        return 0;
    default:
        return -ENOSYS;
    }
}

evtchn_port_t fake_evtchn_toolstack_port(void)
{
    evtchn_port_t port = 0;

    (void)port_new(EVTCHNSTAT_interdomain, &port);
    ports[port].remote_port = 99;
    return port;
}

void fake_evtchn_next_port(evtchn_port_t port)
{
    next_port = port;
}

void fake_evtchn_refuse(unsigned int cmd, int error)
{
    refused_cmd = cmd;
    refused_error = error;
}

unsigned int fake_evtchn_open(void)
{
    unsigned int open = 0;

    for (evtchn_port_t p = 0; p <= FAKE_EVTCHN_PORTS; p++) {
        open += ports[p].state != EVTCHNSTAT_closed;
    }
    return open;
}

void fake_evtchn_start(void)
{
    memset(&shared_info, 0, sizeof(shared_info));
    memset(ports, 0, sizeof(ports));
    next_port = 0;
    refused_error = 0;
    fake_hypercall_set(__HYPERVISOR_event_channel_op, event_channel_op);
    fake_upcall_set(upcall);
}
