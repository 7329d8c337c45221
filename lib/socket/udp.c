// SPDX-License-Identifier: MIT
/*
 * UDP sockets. A datagram is copied once each way: from lwIP's pbufs to the reader, and into one pbuf to send.
 */
#include "packet.h"

#include <errno.h>
#include <string.h>

#include <lwip/udp.h>

#include <xenolith/heap.h>

#include "icmp_errors.h"

/* A pbuf with all headers is at most 65,535 bytes. */
#define MOST_BYTES_V4 65507U
#define MOST_BYTES_V6 65487U

struct udp_socket {
    struct packet_socket ps;
    struct udp_pcb *pcb;
    struct icmp_listener errors;
};

static struct udp_socket *udp_of(struct socket *s)
{
    return container_of(s, struct udp_socket, ps.socket);
}

static void arrived(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
    struct udp_socket *u = arg;

    (void)pcb;
    packet_arrived(&u->ps, p, from, port);
}

static int do_bind(struct socket *s, const struct sockaddr *address, socklen_t length)
{
    struct udp_socket *u = udp_of(s);
    ip_addr_t ip;
    uint16_t port;
    int rc = inet_address_in(s, u->ps.options.v6only, address, length, &ip, &port);

    if (rc != 0) {
        return rc == -ENETUNREACH ? -EINVAL : rc;
    }
    if (u->pcb->local_port != 0) {
        return -EINVAL;
    }
    if (IP_IS_V6_VAL(ip) && ip_addr_isany(&ip) && !u->ps.options.v6only) {
        ip = *IP_ANY_TYPE;
    }
    net_lock();
    if (u->ps.options.freebind || ip_addr_ismulticast(&ip) || inet_address_is_ours(&ip) ||
        (IP_IS_V4_VAL(ip) && ip_2_ip4(&ip)->addr == INADDR_BROADCAST)) {
        rc = inet_errno(udp_bind(u->pcb, &ip, port));
        rc = rc == -ENOBUFS ? -EADDRINUSE : rc;
    } else {
        rc = -EADDRNOTAVAIL;
    }
    net_unlock();
    return rc;
}

/* ICMP says that nobody listens at the other end. */
static void refused(struct icmp_listener *listener, int error)
{
    packet_failed(&container_of(listener, struct udp_socket, errors)->ps, error);
}

static int disconnect(struct udp_socket *u)
{
    net_lock();
    udp_disconnect(u->pcb);
    icmp_errors_ignore(&u->errors);
    net_unlock();
    u->ps.connected = false;
    return 0;
}

static int do_connect(struct socket *s, const struct sockaddr *address, socklen_t length)
{
    struct udp_socket *u = udp_of(s);
    ip_addr_t ip;
    uint16_t port;
    struct netif *netif;
    const ip_addr_t *local;
    int rc;

    if (address->sa_family == AF_UNSPEC) {
        return disconnect(u);
    }
    rc = inet_address_in(s, u->ps.options.v6only, address, length, &ip, &port);
    if (rc != 0) {
        return rc;
    }
    if (ip_addr_isany(&ip)) {
        ip_addr_set_loopback(IP_IS_V6_VAL(ip), &ip);
    }
    net_lock();
    netif = ip_route(&u->pcb->local_ip, &ip);
    if (netif == NULL) {
        rc = -ENETUNREACH;
    } else {
        rc = inet_errno(udp_connect(u->pcb, &ip, port));
    }
    if (rc == 0) {
        /* From now on it has the address that the route gives it. */
        local = ip_netif_get_local_ip(netif, &ip);
        if (ip_addr_isany(&u->pcb->local_ip) && local != NULL) {
            ip_addr_copy(u->pcb->local_ip, *local);
        }
        u->ps.connected = true;
        icmp_errors_want(&u->errors, &u->pcb->remote_ip, u->pcb->local_port, port, refused);
    }
    net_unlock();
    return rc == -ENOBUFS ? -EAGAIN : rc;
}

static int destination(struct udp_socket *u, const struct msghdr *message, ip_addr_t *ip, uint16_t *port)
{
    int rc;

    if (message->msg_name == NULL || message->msg_namelen == 0) {
        if (!u->ps.connected) {
            return -EDESTADDRREQ;
        }
        *ip = u->pcb->remote_ip;
        *port = u->pcb->remote_port;
        return 0;
    }
    rc = inet_address_in(&u->ps.socket, u->ps.options.v6only, message->msg_name, message->msg_namelen, ip,
                         port);
    if (rc == 0 && *port == 0) {
        rc = -EINVAL;
    }
    if (rc == 0 && ip_addr_isany(ip)) {
        ip_addr_set_loopback(IP_IS_V6_VAL(*ip), ip);
    }
    return rc;
}

static int is_broadcast_allowed(const struct udp_socket *u, const ip_addr_t *ip)
{
    struct netif *netif;

    if ((u->ps.options.flags & SOF_BROADCAST) != 0 || !IP_IS_V4_VAL(*ip)) {
        return 0;
    }
    netif = ip_route(&u->pcb->local_ip, ip);
    return netif != NULL && ip_addr_isbroadcast(ip, netif) ? -EACCES : 0;
}

/* What the options say of multicasts, where lwIP looks for it. */
static void prepare_pcb(struct udp_socket *u)
{
    u->pcb->mcast_ttl = u->ps.multicast_ttl;
    u->pcb->mcast_ifindex = u->ps.multicast_device;
    if (u->ps.multicast_loop) {
        udp_set_flags(u->pcb, UDP_FLAGS_MULTICAST_LOOP);
    } else {
        udp_clear_flags(u->pcb, UDP_FLAGS_MULTICAST_LOOP);
    }
}

static int transmit(struct udp_socket *u, struct pbuf *p, const ip_addr_t *ip, uint16_t port,
                    const ip_addr_t *source, struct netif *netif)
{
    bool chosen = !ip_addr_isany(source);

    if (chosen && !inet_address_is_ours(source)) {
        return -EINVAL;
    }
    if (netif == NULL && !chosen) {
        return inet_errno(net_udp_send(u->pcb, p, ip, port, NULL, NULL));
    }
    if (u->pcb->local_port == 0) {
        int rc = inet_errno(udp_bind(u->pcb, &u->pcb->local_ip, 0));

        if (rc != 0) {
            return rc;
        }
    }
    netif = netif != NULL ? netif : ip_route(source, ip);
    if (netif == NULL) {
        return -ENETUNREACH;
    }
    return inet_errno(net_udp_send(u->pcb, p, ip, port, netif, chosen ? source : NULL));
}

static long do_send(struct socket *s, const struct msghdr *message, int flags)
{
    struct udp_socket *u = udp_of(s);
    struct netif *netif;
    ip_addr_t ip, source;
    uint16_t port;
    struct pbuf *p = NULL;
    size_t bytes = 0;
    int rc;

    (void)flags;
    if (s->error != 0) {
        return socket_take_error(s);
    }
    if (u->ps.write_shut) {
        return -EPIPE;
    }
    rc = destination(u, message, &ip, &port);
    if (rc != 0) {
        return rc;
    }
    net_lock();
    rc = packet_send_control(&u->ps, message, &source, &netif);
    if (rc == 0) {
        rc = is_broadcast_allowed(u, &ip);
    }
    if (rc == 0) {
        rc = packet_gather(message, IP_IS_V6_VAL(ip) ? MOST_BYTES_V6 : MOST_BYTES_V4, &p);
    }
    if (rc == 0) {
        bytes = p->tot_len;
        prepare_pcb(u);
        rc = transmit(u, p, &ip, port, &source, netif);
        pbuf_free(p);
    }
    net_unlock();
    return rc != 0 ? rc : (long)bytes;
}

static int do_name(struct socket *s, struct sockaddr_storage *out, socklen_t *length, bool peer)
{
    struct udp_socket *u = udp_of(s);

    if (peer && !u->ps.connected) {
        return -ENOTCONN;
    }
    inet_address_out(s, peer ? &u->pcb->remote_ip : &u->pcb->local_ip,
                     peer ? u->pcb->remote_port : u->pcb->local_port, out, length);
    return 0;
}

static int do_set_option(struct socket *s, int level, int option, const void *value, socklen_t length)
{
    struct udp_socket *u = udp_of(s);
    int rc;

    if (level == IPPROTO_IPV6 && option == IPV6_V6ONLY && u->pcb->local_port != 0) {
        return -EINVAL;
    }
    net_lock();
    rc = packet_set_option(&u->ps, (struct ip_pcb *)u->pcb, level, option, value, length);
    net_unlock();
    return rc;
}

static int do_get_option(struct socket *s, int level, int option, void *value, socklen_t *length)
{
    int rc;

    net_lock();
    rc = packet_get_option(packet_socket_of(s), level, option, value, length);
    net_unlock();
    return rc;
}

static void release(struct file *file)
{
    struct udp_socket *u = container_of(file, struct udp_socket, ps.socket.file);

    net_lock();
    icmp_errors_ignore(&u->errors);
    udp_remove(u->pcb);
    packet_socket_drain(&u->ps);
    net_unlock();
    heap_free(u);
}

static const struct file_ops udp_file_ops = {
    .read = socket_file_read,
    .write = socket_file_write,
    .read_parts = socket_file_read_parts,
    .write_parts = socket_file_write_parts,
    .info = socket_file_info,
    .control = packet_control,
    .ready = packet_ready,
    .release = release,
};

static const struct socket_ops udp_ops = {
    .bind = do_bind,
    .connect = do_connect,
    .send = do_send,
    .receive = packet_receive,
    .shutdown = packet_shutdown,
    .name = do_name,
    .set_option = do_set_option,
    .get_option = do_get_option,
};

int udp_create(int family, struct socket **out)
{
    struct udp_socket *u = heap_zalloc(1, sizeof(*u));

    if (u == NULL) {
        return -ENOMEM;
    }
    packet_socket_init(&u->ps, &udp_file_ops, &udp_ops, family, SOCK_DGRAM, IPPROTO_UDP);
    icmp_listener_init(&u->errors);
    net_lock();
    u->pcb = udp_new_ip_type(inet_pcb_type(&u->ps.socket, false));
    if (u->pcb != NULL) {
        udp_recv(u->pcb, arrived, u);
    }
    net_unlock();
    if (u->pcb == NULL) {
        heap_free(u);
        return -ENOBUFS;
    }
    *out = &u->ps.socket;
    return 0;
}
