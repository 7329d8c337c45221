// SPDX-License-Identifier: MIT
/*
 * TCP segments of one connection that follow each other become one large frame, which the device cuts again: lwIP keeps its segments, and with
 * them its congestion control, retransmission and acknowledgements, by the connection's MSS. Also what is written into every frame's headers
 * last: lengths and checksums, or the pseudo-header's sum where the device makes the rest.
 */
#include <string.h>

#include <lwip/def.h>

#include "port_priv.h"

#define ETH_BYTES  14U
#define IP4_BYTES  20U
#define IP6_BYTES  40U
#define TCP_BYTES  20U
#define TYPE_IP4   PP_HTONS(0x0800)
#define TYPE_IP6   PP_HTONS(0x86dd)
#define PROTO_TCP  6
#define PROTO_UDP  17
#define FLAG_PSH   0x08
#define FLAG_ACK   0x10
#define DONT_FRAGMENT PP_HTONS(0x4000)

static uint16_t load16(const uint8_t *at)
{
    uint16_t v;

    memcpy(&v, at, sizeof(v));
    return v;
}

static uint32_t load32(const uint8_t *at)
{
    uint32_t v;

    memcpy(&v, at, sizeof(v));
    return v;
}

static uint64_t load64(const uint8_t *at)
{
    uint64_t v;

    memcpy(&v, at, sizeof(v));
    return v;
}

static void store16(uint8_t *at, uint16_t v)
{
    memcpy(at, &v, sizeof(v));
}

void packet_parse(struct tx_packet *pk, const uint8_t *frame, unsigned int len)
{
    unsigned int l4;
    uint8_t protocol;

    pk->header_bytes = 0;
    pk->ip_version = pk->protocol = 0;
    pk->l4 = 0;
    pk->open = false;
    if (len >= ETH_BYTES + IP4_BYTES && load16(frame + 12) == TYPE_IP4) {
        const uint8_t *ip = frame + ETH_BYTES;

        l4 = ETH_BYTES + (ip[0] & 15U) * 4;
        if (l4 < ETH_BYTES + IP4_BYTES || l4 > len) {
            return;
        }
        pk->ip_version = 4;
        pk->header_bytes = (uint16_t)l4;
        if (load16(ip + 6) & (uint16_t)~DONT_FRAGMENT) {
            return; /* a fragment: the stack has made the sum */
        }
        protocol = ip[9];
    } else if (len >= ETH_BYTES + IP6_BYTES && load16(frame + 12) == TYPE_IP6) {
        l4 = ETH_BYTES + IP6_BYTES;
        pk->ip_version = 6;
        pk->header_bytes = (uint16_t)l4;
        protocol = frame[ETH_BYTES + 6];
    } else {
        return;
    }
    pk->l4 = (uint16_t)l4;
    if (protocol == PROTO_TCP && len >= l4 + TCP_BYTES) {
        const uint8_t *tcp = frame + l4;
        unsigned int header_bytes = l4 + (tcp[12] >> 4) * 4U;

        if (header_bytes <= len && header_bytes <= TX_COPY_BYTES) {
            pk->protocol = PROTO_TCP;
            pk->header_bytes = (uint16_t)header_bytes;
            pk->next_seq = lwip_ntohl(load32(tcp + 4));
            pk->open = (tcp[13] & ~FLAG_PSH) == FLAG_ACK;
        }
    } else if (protocol == PROTO_UDP && len >= l4 + 8) {
        pk->protocol = PROTO_UDP;
        pk->header_bytes = (uint16_t)(l4 + 8);
    }
}

/** same_flow() - Do the headers differ in nothing but lengths, sums, sequence number, IPv4 id and PSH? */
static bool same_flow(const uint8_t *a, const uint8_t *b, unsigned int ip_version, unsigned int header_bytes)
{
    const uint8_t *ta, *tb;

    if (load64(a) != load64(b) || load32(a + 8) != load32(b + 8) || load16(a + 12) != load16(b + 12)) {
        return false;
    }
    a += ETH_BYTES;
    b += ETH_BYTES;
    if (ip_version == 4) {
        if (load16(a) != load16(b) || load32(a + 6) != load32(b + 6) || load64(a + 12) != load64(b + 12)) {
            return false;
        }
        ta = a + IP4_BYTES;
        tb = b + IP4_BYTES;
    } else {
        if (load32(a) != load32(b) || load16(a + 6) != load16(b + 6) || memcmp(a + 8, b + 8, 32) != 0) {
            return false;
        }
        ta = a + IP6_BYTES;
        tb = b + IP6_BYTES;
    }
    header_bytes -= (unsigned int)(ta - a) + ETH_BYTES;
    return load32(ta) == load32(tb) && load32(ta + 8) == load32(tb + 8) && ta[12] == tb[12] &&
           load16(ta + 14) == load16(tb + 14) &&
           (header_bytes == TCP_BYTES ||
            memcmp(ta + TCP_BYTES, tb + TCP_BYTES, header_bytes - TCP_BYTES) == 0);
}

static uint32_t pages(const void *addr, uint32_t len)
{
    return (uint32_t)((((uintptr_t)addr & 4095) + len + 4095) >> 12);
}

bool packet_join(struct tx_packet *pk, const struct tx_packet *next, const struct pbuf *p)
{
    const struct pbuf *data = p->next;
    uint32_t needs = pk->ni->sums ? (pk->ip_version == 4 ? NETDEV_GSO_V4 : NETDEV_GSO_V6) : 0;
    struct netdev_frag *tail = &pk->frags[pk->tx.nr_frags - 1];
    uint32_t slots;
    bool touches;

    if (!next->open || next->next_seq != pk->next_seq || next->header_bytes != pk->header_bytes ||
        next->ip_version != pk->ip_version || p->len != next->header_bytes || data == NULL ||
        data->next != NULL || data->len > pk->unit || pk->nr_segments == UINT8_MAX ||
        (data->type_internal & (PBUF_TYPE_FLAG_STRUCT_DATA_CONTIGUOUS | PBUF_TYPE_FLAG_DATA_VOLATILE)) ||
        !(pk->ni->dev->features & needs) || pk->total + data->len > NETDEV_MAX_FRAME ||
        (pk->ip_version == 4 && pk->l4 != ETH_BYTES + IP4_BYTES) ||
        !same_flow(pk->header, p->payload, pk->ip_version, pk->header_bytes)) {
        return false;
    }
    touches = (const uint8_t *)tail->addr + tail->len == (const uint8_t *)data->payload;
    slots = pk->slots + (touches ? pages(tail->addr, tail->len + data->len) - pages(tail->addr, tail->len)
                                 : pages(data->payload, data->len));
    if (slots > TX_MAX_SLOTS || (!touches && pk->tx.nr_frags == TX_MAX_FRAGS)) {
        return false;
    }
    if (touches) {
        tail->len += data->len;
    } else {
        pk->frags[pk->tx.nr_frags++] = (struct netdev_frag){.addr = data->payload, .len = data->len};
    }
    pk->slots = (uint16_t)slots;
    pk->total += data->len;
    pk->next_seq += data->len;
    pk->nr_segments++;
    /* PSH is the last one's; a short one is the last. */
    pk->header[pk->l4 + 13] |= ((const uint8_t *)p->payload)[pk->l4 + 13] & FLAG_PSH;
    pk->open = data->len == pk->unit;
    return true;
}

static uint16_t fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static uint64_t sum32(const uint8_t *at, unsigned int words)
{
    uint64_t sum = 0;

    while (words-- != 0) {
        sum += load32(at);
        at += 4;
    }
    return sum;
}

void packet_finish(struct tx_packet *pk)
{
    uint8_t *ip = pk->frame + ETH_BYTES;
    uint32_t ip_bytes = pk->total - ETH_BYTES;
    uint32_t l4_bytes = pk->total - pk->l4;
    uint64_t pseudo;

    if (pk->ip_version == 4) {
        store16(ip + 2, lwip_htons((uint16_t)ip_bytes));
        store16(ip + 10, 0);
        store16(ip + 10, (uint16_t)~fold(sum32(ip, ip[0] & 15U)));
        pseudo = sum32(ip + 12, 2);
    } else if (pk->ip_version == 6) {
        store16(ip + 4, lwip_htons((uint16_t)(ip_bytes - IP6_BYTES)));
        pseudo = sum32(ip + 8, 8);
    } else {
        return;
    }
    if (pk->protocol == 0 || !pk->ni->sums) {
        return;
    }
    pseudo += lwip_htons(pk->protocol) + (uint64_t)lwip_htonl(l4_bytes);
    store16(pk->frame + pk->l4 + (pk->protocol == PROTO_TCP ? 16 : 6), fold(pseudo));
    pk->tx.flags = NETDEV_CSUM_BLANK;
    if (pk->nr_segments > 1) {
        pk->tx.gso_type = pk->ip_version == 4 ? NETDEV_GSO_TCP4 : NETDEV_GSO_TCP6;
        pk->tx.gso_size = pk->unit;
    }
    pk->tx.hash = load32(pk->frame + pk->l4) * 0x9e3779b1U >> 16;
}
