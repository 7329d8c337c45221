// SPDX-License-Identifier: MIT
/*
 * Raw sockets of any IP protocol, and the unprivileged ones of ping (SOCK_DGRAM with ICMP), which send echo requests under an id of
 * their own and hear only the answers to them. What arrives is copied: the stack handles it too.
 */
#include "packet.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <string.h>

#include <lwip/inet_chksum.h>
#include <lwip/raw.h>

#include <xenolith/heap.h>

#define MOST_BYTES_V4 65515U
#define MOST_BYTES_V6 65495U
#define FILTER_ICMP  1 /* ICMP_FILTER, ICMP6_FILTER */
#define ECHO_REQUEST 8
#define ECHO_REPLY   0

struct raw_socket {
    struct packet_socket ps;
    struct raw_pcb *pcb;
    bool ping;
    uint16_t id;                /* of a ping socket, host byte order; 0: none yet */
    struct icmp6_filter filter; /* bit set: the type is not delivered; the first word serves ICMP for IPv4 */
};

/* The first bytes of an echo message, by either version of IP. */
struct echo {
    uint8_t type, code;
    uint16_t checksum, id, sequence;
};

static struct raw_socket *raw_of(struct socket *s)
{
    return container_of(s, struct raw_socket, ps.socket);
}

static bool is_icmp(const struct raw_socket *r)
{
    return r->ps.socket.protocol == (r->ps.socket.family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

static bool is_wanted(const struct raw_socket *r, const struct pbuf *p, uint16_t header_bytes)
{
    bool v6 = r->ps.socket.family == AF_INET6;
    struct echo echo;

    if (!is_icmp(r)) {
        return true;
    }
    if (pbuf_copy_partial(p, &echo, sizeof(echo), header_bytes) != sizeof(echo)) {
        return false;
    }
    if (r->ping) {
        return r->id != 0 && echo.type == (v6 ? ICMP6_ECHO_REPLY : ECHO_REPLY) && ntohs(echo.id) == r->id;
    }
    return (v6 || echo.type < 32) ? ICMP6_FILTER_WILLPASS(echo.type, &r->filter) : true;
}

static u8_t arrived(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from)
{
    struct raw_socket *r = arg;
    bool v6 = ip_current_is_v6();
    uint16_t header_bytes = v6 ? ip_current_header_tot_len()
                               : (uint16_t)IPH_HL_BYTES((const struct ip_hdr *)p->payload);
    struct pbuf *copy;

    (void)pcb;
    if (v6 != (r->ps.socket.family == AF_INET6) || !is_wanted(r, p, header_bytes)) {
        return 0;
    }
    copy = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
    if (copy == NULL) {
        r->ps.dropped++;
        return 0;
    }
    /* Linux: raw IPv4 comes with its header, all else without. */
    if (v6 || r->ping) {
        pbuf_remove_header(copy, header_bytes);
    }
    packet_arrived(&r->ps, copy, from, 0);
    return 0;
}

static uint16_t new_id(void)
{
    static uint16_t last;

    return ++last != 0 ? last : ++last;
}

static int do_bind(struct socket *s, const struct sockaddr *address, socklen_t length)
{
    struct raw_socket *r = raw_of(s);
    ip_addr_t ip;
    uint16_t port;
    int rc = inet_address_in(s, true, address, length, &ip, &port);

    if (rc != 0) {
        return rc;
    }
    net_lock();
    if (r->ps.options.freebind || ip_addr_ismulticast(&ip) || inet_address_is_ours(&ip)) {
        rc = inet_errno(raw_bind(r->pcb, &ip));
    } else {
        rc = -EADDRNOTAVAIL;
    }
    net_unlock();
    if (r->ping && rc == 0) {
        r->id = port != 0 ? port : new_id();
    }
    return rc;
}

static int do_connect(struct socket *s, const struct sockaddr *address, socklen_t length)
{
    struct raw_socket *r = raw_of(s);
    ip_addr_t ip;
    uint16_t port;
    int rc = 0;

    net_lock();
    if (address->sa_family == AF_UNSPEC) {
        raw_disconnect(r->pcb);
        r->ps.connected = false;
    } else {
        rc = inet_address_in(s, true, address, length, &ip, &port);
        if (rc == 0) {
            rc = inet_errno(raw_connect(r->pcb, &ip));
        }
        r->ps.connected = rc == 0;
    }
    net_unlock();
    return rc;
}

/* A ping socket's message gets its id, and for IPv4 its sum; lwIP makes that of IPv6. */
static int make_ping(struct raw_socket *r, struct pbuf *p)
{
    bool v6 = r->ps.socket.family == AF_INET6;
    struct echo *echo = p->payload;

    if (p->len < sizeof(*echo) || echo->type != (v6 ? ICMP6_ECHO_REQUEST : ECHO_REQUEST) || echo->code != 0) {
        return -EINVAL;
    }
    if (r->id == 0) {
        r->id = new_id();
    }
    echo->id = htons(r->id);
    echo->checksum = 0;
    if (!v6) {
        echo->checksum = inet_chksum_pbuf(p);
    }
    return 0;
}

/* lwIP takes for granted that it can write the sum, and read the header where there is one. */
static bool holds_header(const struct raw_socket *r, const struct pbuf *p)
{
    if (r->ps.options.header_included && p->len < sizeof(struct ip_hdr)) {
        return false;
    }
    return r->pcb->chksum_reqd == 0 || p->len >= r->pcb->chksum_offset + sizeof(uint16_t);
}

static void prepare_pcb(struct raw_socket *r)
{
    r->pcb->mcast_ttl = r->ps.multicast_ttl;
    r->pcb->mcast_ifindex = r->ps.multicast_device;
    if (r->ps.multicast_loop) {
        raw_set_flags(r->pcb, RAW_FLAGS_MULTICAST_LOOP);
    } else {
        raw_clear_flags(r->pcb, RAW_FLAGS_MULTICAST_LOOP);
    }
    if (r->ps.options.header_included) {
        raw_set_flags(r->pcb, RAW_FLAGS_HDRINCL);
    } else {
        raw_clear_flags(r->pcb, RAW_FLAGS_HDRINCL);
    }
}

static int transmit(struct raw_socket *r, struct pbuf *p, const ip_addr_t *to, const ip_addr_t *source,
                    struct netif *netif)
{
    if (ip_addr_isany(source) && netif == NULL) {
        return inet_errno(raw_sendto(r->pcb, p, to));
    }
    netif = netif != NULL ? netif : ip_route(source, to);
    if (netif == NULL) {
        return -ENETUNREACH;
    }
    if (ip_addr_isany(source)) {
        source = ip_netif_get_local_ip(netif, to);
    }
    return source != NULL ? inet_errno(raw_sendto_if_src(r->pcb, p, to, netif, source)) : -ENETUNREACH;
}

static long do_send(struct socket *s, const struct msghdr *message, int flags)
{
    struct raw_socket *r = raw_of(s);
    ip_addr_t to, source;
    struct netif *netif;
    uint16_t port;
    struct pbuf *p = NULL;
    size_t bytes = 0;
    int rc = 0;

    (void)flags;
    if (s->error != 0) {
        return socket_take_error(s);
    }
    if (message->msg_name != NULL && message->msg_namelen > 0) {
        rc = inet_address_in(s, true, message->msg_name, message->msg_namelen, &to, &port);
    } else if (r->ps.connected) {
        to = r->pcb->remote_ip;
    } else {
        rc = -EDESTADDRREQ;
    }
    if (rc != 0) {
        return rc;
    }
    net_lock();
    rc = packet_send_control(&r->ps, message, &source, &netif);
    if (rc == 0) {
        rc = packet_gather(message, s->family == AF_INET6 ? MOST_BYTES_V6 : MOST_BYTES_V4, &p);
    }
    if (rc == 0) {
        bytes = p->tot_len;
        prepare_pcb(r);
        if (r->ping) {
            rc = make_ping(r, p);
        } else if (!holds_header(r, p)) {
            rc = -EINVAL;
        }
        if (rc == 0) {
            rc = transmit(r, p, &to, &source, netif);
        }
        pbuf_free(p);
    }
    net_unlock();
    return rc != 0 ? rc : (long)bytes;
}

static int do_name(struct socket *s, struct sockaddr_storage *out, socklen_t *length, bool peer)
{
    struct raw_socket *r = raw_of(s);

    if (peer && !r->ps.connected) {
        return -ENOTCONN;
    }
    inet_address_out(s, peer ? &r->pcb->remote_ip : &r->pcb->local_ip, peer ? 0 : r->id, out, length);
    return 0;
}

static int set_filter(struct raw_socket *r, const void *value, socklen_t length)
{
    size_t size = r->ps.socket.family == AF_INET6 ? sizeof(r->filter) : sizeof(r->filter.icmp6_filt[0]);

    memcpy(&r->filter, value, length < size ? length : size);
    return 0;
}

static int set_checksum(struct raw_socket *r, int offset)
{
    if (is_icmp(r) || offset < -1 || (offset & 1) != 0) {
        if (offset != -1) {
            return -EINVAL;
        }
    }
    r->pcb->chksum_reqd = offset >= 0;
    r->pcb->chksum_offset = offset >= 0 ? (uint16_t)offset : 0;
    return 0;
}

static int do_set_option(struct socket *s, int level, int option, const void *value, socklen_t length)
{
    struct raw_socket *r = raw_of(s);
    int number;
    int rc;

    if (is_icmp(r) && !r->ping && level == (s->family == AF_INET6 ? SOL_ICMPV6 : SOL_RAW) &&
        option == FILTER_ICMP) {
        return set_filter(r, value, length);
    }
    if (inet_int_in(value, length, &number) == 0) {
        if (s->family == AF_INET && level == IPPROTO_IP && option == IP_HDRINCL && !r->ping) {
            r->ps.options.header_included = number != 0;
            return 0;
        }
        if (s->family == AF_INET6 && option == IPV6_CHECKSUM && (level == IPPROTO_IPV6 || level == SOL_RAW)) {
            return set_checksum(r, number);
        }
    }
    net_lock();
    rc = packet_set_option(&r->ps, (struct ip_pcb *)r->pcb, level, option, value, length);
    net_unlock();
    return rc;
}

static int do_get_option(struct socket *s, int level, int option, void *value, socklen_t *length)
{
    struct raw_socket *r = raw_of(s);
    int rc;

    if (s->family == AF_INET && level == IPPROTO_IP && option == IP_HDRINCL) {
        return inet_int_out(r->ps.options.header_included, value, length);
    }
    net_lock();
    rc = packet_get_option(&r->ps, level, option, value, length);
    net_unlock();
    return rc;
}

static void release(struct file *file)
{
    struct raw_socket *r = container_of(file, struct raw_socket, ps.socket.file);

    net_lock();
    raw_remove(r->pcb);
    packet_socket_drain(&r->ps);
    net_unlock();
    heap_free(r);
}

static const struct file_ops raw_file_ops = {
    .read = socket_file_read,
    .write = socket_file_write,
    .read_parts = socket_file_read_parts,
    .write_parts = socket_file_write_parts,
    .info = socket_file_info,
    .control = packet_control,
    .ready = packet_ready,
    .release = release,
};

static const struct socket_ops raw_ops = {
    .bind = do_bind,
    .connect = do_connect,
    .send = do_send,
    .receive = packet_receive,
    .shutdown = packet_shutdown,
    .name = do_name,
    .set_option = do_set_option,
    .get_option = do_get_option,
};

int raw_create(int family, int type, int protocol, struct socket **out)
{
    struct raw_socket *r = heap_zalloc(1, sizeof(*r));

    if (r == NULL) {
        return -ENOMEM;
    }
    packet_socket_init(&r->ps, &raw_file_ops, &raw_ops, family, type, protocol);
    r->ping = type == SOCK_DGRAM;
    r->ps.options.header_included = family == AF_INET && protocol == IPPROTO_RAW;
    net_lock();
    r->pcb = raw_new_ip_type(family == AF_INET6 ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4, (uint8_t)protocol);
    if (r->pcb != NULL) {
        raw_recv(r->pcb, arrived, r);
        if (family == AF_INET6 && is_icmp(r)) {
            r->pcb->chksum_reqd = 1;
            r->pcb->chksum_offset = offsetof(struct echo, checksum);
        }
    }
    net_unlock();
    if (r->pcb == NULL) {
        heap_free(r);
        return -ENOBUFS;
    }
    *out = &r->ps.socket;
    return 0;
}
