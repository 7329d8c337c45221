// SPDX-License-Identifier: MIT
/*
 * How a backend can break the protocol, one function a way. Each leaves the frontend something that it must refuse by giving the device up; what a
 * backend may do, however odd, is in the test itself.
 */
#include <fake_netback.h>

#include <string.h>

#include <fake.h>

/* A queue with requests of the kind wanted outstanding, or NULL. */
static struct fake_nb_queue *some(bool tx)
{
    struct fake_nb_queue *q = &fake_nb.queues[fake_random_below(fake_nb.nr_queues)];
    uint32_t outstanding = tx ? q->tx->req_prod - q->tx_rsp : q->rx->req_prod - q->rx_rsp;

    return outstanding >= 4 ? q : NULL;
}

static void show(struct fake_nb_queue *q, bool tx)
{
    if (tx) {
        q->tx->rsp_prod = q->tx_rsp;
        fake_nb_notify(q->tx_port);
    } else {
        q->rx->rsp_prod = q->rx_rsp;
        fake_nb_notify(q->rx_port);
    }
}

static bool tx_response(uint16_t id, int16_t status)
{
    struct fake_nb_queue *q = some(true);

    if (q == NULL) {
        return false;
    }
    q->tx->ring[q->tx_rsp++ & 255].rsp = (struct netif_tx_response){id, status};
    show(q, true);
    return true;
}

static uint16_t next_tx_id(void)
{
    struct fake_nb_queue *q = &fake_nb.queues[0];

    return q->tx->ring[q->tx_rsp & 255].req.id;
}

static bool rx_response(int id_off, unsigned int offset, unsigned int flags, int status)
{
    struct fake_nb_queue *q = some(false);

    if (q == NULL) {
        return false;
    }
    q->rx->ring[q->rx_rsp & 255].rsp =
        (struct netif_rx_response){(uint16_t)((q->rx_rsp & 255) + (unsigned int)id_off), (uint16_t)offset,
                                   (uint16_t)flags, (int16_t)status};
    q->rx_rsp++;
    show(q, false);
    return true;
}

static bool rx_extra(struct netif_extra_info extra, unsigned int times)
{
    struct fake_nb_queue *q = some(false);

    if (q == NULL) {
        return false;
    }
    q->rx->ring[q->rx_rsp & 255].rsp =
        (struct netif_rx_response){(uint16_t)(q->rx_rsp & 255), 0, NETRXF_extra_info, 100};
    q->rx_rsp++;
    while (times-- != 0) {
        memcpy(&q->rx->ring[q->rx_rsp++ & 255].rsp, &extra, sizeof(extra));
    }
    show(q, false);
    return true;
}

static struct netif_extra_info gso(unsigned int size, unsigned int type, unsigned int flags)
{
    return (struct netif_extra_info){.type = XEN_NETIF_EXTRA_TYPE_GSO,
                                     .flags = (uint8_t)flags,
                                     .u.gso = {.size = (uint16_t)size, .type = (uint8_t)type}};
}

static bool tx_too_many(uint32_t beyond)
{
    struct fake_nb_queue *q = &fake_nb.queues[fake_random_below(fake_nb.nr_queues)];

    q->tx->rsp_prod = q->tx->req_prod + beyond;
    fake_nb_notify(q->tx_port);
    return true;
}

static bool rx_too_many(uint32_t beyond)
{
    struct fake_nb_queue *q = &fake_nb.queues[fake_random_below(fake_nb.nr_queues)];

    q->rx->rsp_prod = q->rx->req_prod + beyond;
    fake_nb_notify(q->rx_port);
    return true;
}

static bool tx_keeps_the_page(void)
{
    struct fake_nb_queue *q = &fake_nb.queues[0];
    struct netif_tx_request req = q->tx->ring[q->tx_rsp & 255].req;

    /* Only a plain request that the frontend will end: the first one outstanding of a frame without extra info. */
    if (q->tx->req_prod == q->tx_rsp || (req.flags & NETTXF_extra_info) ||
        fake_grant_page(req.gref, false) == NULL) {
        return false;
    }
    fake_grant_hold(req.gref, true);
    q->tx->ring[q->tx_rsp++ & 255].rsp = (struct netif_tx_response){req.id, NETIF_RSP_OKAY};
    show(q, true);
    return true;
}

static bool rx_keeps_the_page(void)
{
    struct fake_nb_queue *q = &fake_nb.queues[0];
    struct netif_rx_request req = q->rx->ring[q->rx_rsp & 255].req;

    if (q->rx->req_prod == q->rx_rsp || fake_grant_page(req.gref, true) == NULL) {
        return false;
    }
    fake_grant_hold(req.gref, true);
    q->rx->ring[q->rx_rsp++ & 255].rsp = (struct netif_rx_response){req.id, 0, 0, 60};
    show(q, false);
    return true;
}

static bool tx_twice(void)
{
    struct fake_nb_queue *q = &fake_nb.queues[0];
    uint16_t id = next_tx_id();

    if (q->tx->req_prod - q->tx_rsp < 2) {
        return false;
    }
    q->tx->ring[q->tx_rsp++ & 255].rsp = (struct netif_tx_response){id, NETIF_RSP_OKAY};
    q->tx->ring[q->tx_rsp++ & 255].rsp = (struct netif_tx_response){id, NETIF_RSP_OKAY};
    show(q, true);
    return true;
}

static const char *const names[FAKE_NB_LIES] = {
    "tx: an id beyond the table",
    "tx: an id at the end of 16 bits",
    "tx: an id answered twice",
    "tx: a status that does not exist",
    "tx: a status below all",
    "tx: one response too many",
    "tx: a wild index",
    "tx: the page kept",
    "rx: one response too many",
    "rx: a wild index",
    "rx: another request's id",
    "rx: beyond the page",
    "rx: an offset beyond the page",
    "rx: unknown flags",
    "rx: a status below all",
    "rx: the page kept",
    "rx: extra info of no type",
    "rx: GSO of size 0",
    "rx: GSO of no type",
    "rx: GSO twice",
    "rx: extra info of another direction",
    "rx: extra flags",
};

const char *fake_nb_lie_name(unsigned int kind)
{
    return names[kind];
}

bool fake_nb_lie(unsigned int kind)
{
    switch (kind) {
    case 0:
        return tx_response(256, NETIF_RSP_OKAY);
    case 1:
        return tx_response(65535, NETIF_RSP_ERROR);
    case 2:
        return tx_twice();
    case 3:
        return tx_response(next_tx_id(), 2);
    case 4:
        return tx_response(next_tx_id(), (int16_t)(-3 - (int)fake_random_below(1000)));
    case 5:
        return tx_too_many(1);
    case 6:
        return tx_too_many(1 + (uint32_t)fake_random_below(UINT32_MAX - 512));
    case 7:
        return tx_keeps_the_page();
    case 8:
        return rx_too_many(1);
    case 9:
        return rx_too_many(1 + (uint32_t)fake_random_below(UINT32_MAX - 512));
    case 10:
        return rx_response(1 + (int)fake_random_below(65000), 0, 0, 60);
    case 11:
        return rx_response(0, 1, 0, 4096);
    case 12:
        return rx_response(0, 4096 + (unsigned int)fake_random_below(61440), 0,
                           1 + (int)fake_random_below(32766));
    case 13:
        return rx_response(0, 0, 0x10U << fake_random_below(12), 60);
    case 14:
        return rx_response(0, 0, 0, -3 - (int)fake_random_below(30000));
    case 15:
        return rx_keeps_the_page();
    case 16:
        return rx_extra((struct netif_extra_info){.type = (uint8_t)(5 + fake_random_below(251))}, 1);
    case 17:
        return rx_extra(gso(0, XEN_NETIF_GSO_TYPE_TCPV4, 0), 1);
    case 18:
        return rx_extra(gso(1448, 3 + (unsigned int)fake_random_below(253), 0), 1);
    case 19:
        return rx_extra(gso(1448, XEN_NETIF_GSO_TYPE_TCPV4, XEN_NETIF_EXTRA_FLAG_MORE), 2);
    case 20:
        return rx_extra((struct netif_extra_info){.type = XEN_NETIF_EXTRA_TYPE_MCAST_ADD}, 1);
    case 21:
        return rx_extra(gso(1448, XEN_NETIF_GSO_TYPE_TCPV4, 0x80), 1);
    default:
        return false;
    }
}
