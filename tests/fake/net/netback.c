// SPDX-License-Identifier: MIT
/*
 * The fake network backend: honest by default, and then it stops the test when the frontend breaks the protocol. Its lies are in
 * netback_lies.c.
 */
#include <fake_netback.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fake.h>
#include <fake_xenstored.h>

struct fake_nb fake_nb;

static struct fake_nb_frame incoming;

#define REQUIRE(cond)                                                           \
    do {                                                                        \
        if (!(cond)) {                                                          \
            fprintf(stderr, "%s:%d: the frontend: not %s\n", __FILE__, __LINE__, #cond); \
            abort();                                                            \
        }                                                                       \
    } while (0)

/* ---- xenstore ---- */

static void node(char *path, size_t bytes, unsigned int id, const char *name, bool front)
{
    snprintf(path, bytes, front ? FAKE_XS_HOME "/device/vif/%u%s%s" : "/local/domain/0/backend/vif/7/%u%s%s",
             id, *name != '\0' ? "/" : "", name);
}

static void front_set(unsigned int id, const char *name, const char *value)
{
    char path[128];

    node(path, sizeof(path), id, name, true);
    fake_xs_write(path, value);
    fake_xs_chmod(path, "n7 r0");
}

void fake_nb_set(unsigned int id, const char *name, const char *value)
{
    char path[128];

    node(path, sizeof(path), id, name, false);
    fake_xs_write(path, value);
    fake_xs_chmod(path, "n0 r7");
}

void fake_nb_state(unsigned int id, unsigned int state)
{
    char text[4];

    snprintf(text, sizeof(text), "%u", state);
    fake_nb_set(id, "state", text);
}

static unsigned long front_number(unsigned int id, const char *name, unsigned long fallback)
{
    char path[128];
    const char *value;

    node(path, sizeof(path), id, name, true);
    value = fake_xs_read(path);
    return value == NULL ? fallback : strtoul(value, NULL, 10);
}

unsigned int fake_nb_front_state(unsigned int id)
{
    return (unsigned int)front_number(id, "state", 99);
}

void fake_nb_device(unsigned int id)
{
    static const char *const ones[] = {"online",
                                       "feature-rx-copy",
                                       "feature-sg",
                                       "feature-gso-tcpv4",
                                       "feature-gso-tcpv6",
                                       "feature-ipv6-csum-offload",
                                       "feature-multicast-control",
                                       "feature-dynamic-multicast-control",
                                       "feature-split-event-channels"};
    char path[128], mac[32];

    fake_nb_set(id, "", "");
    for (size_t i = 0; i < sizeof(ones) / sizeof(ones[0]); i++) {
        fake_nb_set(id, ones[i], "1");
    }
    fake_nb_set(id, "multi-queue-max-queues", "4");
    fake_nb_state(id, 2);
    front_set(id, "", "");
    front_set(id, "backend-id", "0");
    snprintf(mac, sizeof(mac), "00:16:3e:12:34:%02X", id);
    front_set(id, "mac", mac);
    front_set(id, "state", "1");
    node(path, sizeof(path), id, "", false);
    front_set(id, "backend", path);
}

void fake_nb_remove(unsigned int id)
{
    char path[128];

    node(path, sizeof(path), id, "", true);
    fake_xs_rm(path);
    node(path, sizeof(path), id, "", false);
    fake_xs_rm(path);
}

bool fake_nb_attach(unsigned int id)
{
    unsigned int nr = (unsigned int)front_number(id, "multi-queue-num-queues", 1);

    REQUIRE(nr >= 1 && nr <= FAKE_NB_MAX_QUEUES);
    for (unsigned int i = 0; i < nr; i++) {
        struct fake_nb_queue *q = &fake_nb.queues[i];
        char name[5][48];
        static const char *const keys[] = {"tx-ring-ref", "rx-ring-ref", "event-channel-tx",
                                           "event-channel-rx", "event-channel"};
        unsigned long tx_ref, rx_ref;

        for (unsigned int k = 0; k < 5; k++) {
            if (nr == 1) {
                snprintf(name[k], sizeof(name[k]), "%s", keys[k]);
            } else {
                snprintf(name[k], sizeof(name[k]), "queue-%u/%s", i, keys[k]);
            }
        }
        memset(q, 0, sizeof(*q));
        tx_ref = front_number(id, name[0], UINT32_MAX);
        rx_ref = front_number(id, name[1], UINT32_MAX);
        q->tx = fake_grant_page((uint32_t)tx_ref, true);
        q->rx = fake_grant_page((uint32_t)rx_ref, true);
        q->tx_port = (uint32_t)front_number(id, name[2], front_number(id, name[4], 0));
        q->rx_port = (uint32_t)front_number(id, name[3], q->tx_port);
        if (q->tx == NULL || q->rx == NULL || q->tx_port == 0) {
            return false;
        }
        fake_backend_bind(q->tx_port);
        fake_backend_bind(q->rx_port);
        fake_grant_hold((uint32_t)tx_ref, true);
        fake_grant_hold((uint32_t)rx_ref, true);
    }
    fake_nb.nr_queues = nr;
    return true;
}

void fake_nb_detach(void)
{
    fake_nb.nr_queues = 0;
}

/* ---- From the frontend ---- */

static void respond(struct fake_nb_queue *q, uint16_t id, int16_t status)
{
    struct netif_tx_response *rsp = &q->tx->ring[q->tx_rsp++ & 255].rsp;

    rsp->id = id;
    rsp->status = status;
}

static void show_tx(struct fake_nb_queue *q)
{
    uint32_t old = q->tx->rsp_prod;

    q->tx->rsp_prod = q->tx_rsp;
    if (q->tx_rsp - q->tx->rsp_event < q->tx_rsp - old) {
        fake_nb_notify(q->tx_port);
    }
}

static void copy_in(struct fake_nb_frame *frame, const struct netif_tx_request *req, size_t len)
{
    const uint8_t *page = fake_grant_page(req->gref, false);

    REQUIRE(page != NULL);
    REQUIRE(fake_grant_page(req->gref, true) == NULL); /* read-only */
    REQUIRE(req->offset + len <= 4096);
    REQUIRE(frame->len + len <= sizeof(frame->data));
    memcpy(frame->data + frame->len, page + req->offset, len);
    frame->len += len;
}

/* One frame, starting at tx_cons; it must be there as a whole. */
static void take_one(struct fake_nb_queue *q)
{
    struct netif_tx_request reqs[32], *first = &reqs[0];
    struct fake_nb_frame *frame = &incoming;
    unsigned int n = 1, extras = 0;
    size_t rest = 0;

    frame->len = 0;
    frame->gso_type = frame->mcast_type = 0;
    frame->gso_size = 0;
    *first = q->tx->ring[q->tx_cons++ & 255].req;
    frame->flags = first->flags;
    if (first->flags & NETTXF_extra_info) {
        struct netif_extra_info extra;

        do {
            memcpy(&extra, &q->tx->ring[q->tx_cons++ & 255].req, sizeof(extra));
            extras++;
            if (extra.type == XEN_NETIF_EXTRA_TYPE_GSO) {
                frame->gso_type = extra.u.gso.type;
                frame->gso_size = extra.u.gso.size;
                REQUIRE(frame->gso_size != 0 && (first->flags & NETTXF_csum_blank));
            } else {
                REQUIRE(extra.type == XEN_NETIF_EXTRA_TYPE_MCAST_ADD ||
                        extra.type == XEN_NETIF_EXTRA_TYPE_MCAST_DEL);
                frame->mcast_type = extra.type;
                memcpy(frame->data, extra.u.mcast.addr, 6);
            }
        } while (extra.flags & XEN_NETIF_EXTRA_FLAG_MORE);
    }
    while (reqs[n - 1].flags & NETTXF_more_data) {
        REQUIRE(n < XEN_NETIF_NR_SLOTS_MIN);
        reqs[n] = q->tx->ring[q->tx_cons++ & 255].req;
        REQUIRE((reqs[n].flags & ~NETTXF_more_data) == 0);
        rest += reqs[n].size;
        n++;
    }
    REQUIRE((int32_t)(q->tx->req_prod - q->tx_cons) >= 0);
    frame->slots = n + extras;
    if (frame->mcast_type == 0) {
        REQUIRE(first->size >= rest + 14);
        for (unsigned int i = 0; i < n; i++) {
            copy_in(frame, &reqs[i], i == 0 ? first->size - rest : reqs[i].size);
        }
    }
    if (fake_nb.on_frame != NULL) {
        fake_nb.on_frame(frame);
    }
    if (fake_nb.shuffle) {
        for (unsigned int i = n; i-- > 1;) {
            unsigned int j = (unsigned int)fake_random_below(i + 1);
            struct netif_tx_request t = reqs[i];

            reqs[i] = reqs[j];
            reqs[j] = t;
        }
    }
    for (unsigned int i = 0; i < n; i++) {
        respond(q, reqs[i].id, fake_nb.tx_status);
        while (i == 0 && extras != 0) {
            respond(q, (uint16_t)fake_random(), NETIF_RSP_NULL);
            extras--;
        }
    }
}

unsigned int fake_nb_take(unsigned int index)
{
    struct fake_nb_queue *q = &fake_nb.queues[index];
    unsigned int frames = 0;

    while (q->tx->req_prod != q->tx_cons) {
        take_one(q);
        frames++;
    }
    if (!fake_nb.hold_events) {
        q->tx->req_event = q->tx_cons + 1;
    }
    show_tx(q);
    return frames;
}

/* ---- To the frontend ---- */

static void put_response(struct fake_nb_queue *q, uint16_t id, uint16_t offset, uint16_t flags,
                         int16_t status)
{
    q->rx->ring[q->rx_rsp++ & 255].rsp = (struct netif_rx_response){id, offset, flags, status};
}

bool fake_nb_send(unsigned int index, const struct fake_nb_frame *frame, bool show)
{
    struct fake_nb_queue *q = &fake_nb.queues[index];
    unsigned int chunk = fake_nb.rx_chunk != 0 ? fake_nb.rx_chunk : 4096, offset = fake_nb.rx_offset;
    size_t done = 0;
    bool first = true;

    if (q->rx->req_prod - q->rx_cons < frame->len / chunk + 3) {
        return false;
    }
    while (first || done < frame->len) {
        struct netif_rx_request req = q->rx->ring[q->rx_cons & 255].req;
        size_t room = 4096 - offset < chunk ? 4096 - offset : chunk;
        size_t len = frame->len - done < room ? frame->len - done : room;
        uint8_t *page = fake_grant_page(req.gref, true);
        uint16_t flags = first ? frame->flags : 0;

        REQUIRE(page != NULL);
        REQUIRE(req.id == (q->rx_cons & 255));
        REQUIRE(q->rx_cons == q->rx_rsp);
        q->rx_cons++;
        memcpy(page + offset, frame->data + done, len);
        done += len;
        flags |= done < frame->len ? NETRXF_more_data : 0;
        flags |= first && frame->gso_type != 0 ? NETRXF_extra_info : 0;
        put_response(q, req.id, (uint16_t)offset, flags, (int16_t)len);
        if (first && frame->gso_type != 0) {
            struct netif_extra_info extra = {.type = XEN_NETIF_EXTRA_TYPE_GSO,
                                             .u.gso = {.size = frame->gso_size, .type = frame->gso_type}};

            q->rx_cons++;
            memcpy(&q->rx->ring[q->rx_rsp++ & 255].rsp, &extra, sizeof(extra));
        }
        first = false;
        offset = 0;
    }
    if (show) {
        fake_nb_show(index);
    }
    return true;
}

void fake_nb_show(unsigned int index)
{
    struct fake_nb_queue *q = &fake_nb.queues[index];
    uint32_t old = q->rx->rsp_prod;

    if (!fake_nb.hold_events) {
        q->rx->req_event = q->rx_cons + 1;
    }
    q->rx->rsp_prod = q->rx_rsp;
    if (q->rx_rsp - q->rx->rsp_event < q->rx_rsp - old) {
        fake_nb_notify(q->rx_port);
    }
}
