// SPDX-License-Identifier: MIT
/*
 * A network backend for host tests, above fake_backend.h. It speaks netif.h as Linux does, checks all that the frontend shows it, and
 * lies on request.
 */
#ifndef XENOLITH_FAKE_NETBACK_H
#define XENOLITH_FAKE_NETBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/io/netif.h>

#include <fake_backend.h>

#define FAKE_NB_MAX_QUEUES 8

/** struct fake_nb_frame - A frame as it arrived, or is to be sent. */
struct fake_nb_frame {
    uint8_t data[70000];
    size_t len;
    unsigned int slots;
    uint16_t flags;   /* of the first slot */
    uint8_t gso_type; /* XEN_NETIF_GSO_TYPE_* */
    uint16_t gso_size;
    uint8_t mcast_type; /* XEN_NETIF_EXTRA_TYPE_MCAST_*, with the address in data */
};

struct fake_nb_queue {
    struct netif_tx_sring *tx;
    struct netif_rx_sring *rx;
    uint32_t tx_port, rx_port;
    uint32_t tx_cons, tx_rsp; /* requests taken, responses written */
    uint32_t rx_cons, rx_rsp;
};

struct fake_nb {
    unsigned int nr_queues;
    struct fake_nb_queue queues[FAKE_NB_MAX_QUEUES];
    /* Called for each frame from the frontend. */
    void (*on_frame)(const struct fake_nb_frame *frame);
    bool hold_events;      /* asks for no notification at all: req_event stays behind */
    bool shuffle;          /* answers sent frames out of order */
    int16_t tx_status;     /* what it answers */
    unsigned int rx_chunk; /* bytes it puts into a page at most; 0: 4096 */
    uint16_t rx_offset;    /* where in the first page */
};

extern struct fake_nb fake_nb;

/** fake_nb_device() - Make vif @id as libxl does, backend in state InitWait, with all features. Then set what differs. */
void fake_nb_device(unsigned int id);
void fake_nb_set(unsigned int id, const char *node, const char *value); /* the backend's */
void fake_nb_state(unsigned int id, unsigned int state);
unsigned int fake_nb_front_state(unsigned int id);
void fake_nb_remove(unsigned int id);

/** fake_nb_attach() - Read what the frontend published and map its rings. False: something is missing. */
bool fake_nb_attach(unsigned int id);
void fake_nb_detach(void);

/** fake_nb_take() - Receive all that the frontend has sent on queue @q, answer it and notify. How many frames. */
unsigned int fake_nb_take(unsigned int q);

/** fake_nb_send() - Send a frame to the frontend. @show: publish it and notify. False: not enough requests. */
bool fake_nb_send(unsigned int q, const struct fake_nb_frame *frame, bool show);
void fake_nb_show(unsigned int q);

static inline void fake_nb_notify(uint32_t port)
{
    fake_backend_notify(port);
}

/** fake_nb_lie() - Break the protocol in the @kind-th way, below FAKE_NB_LIES. False: not possible now. */
#define FAKE_NB_LIES 22
bool fake_nb_lie(unsigned int kind);
const char *fake_nb_lie_name(unsigned int kind);

#endif
