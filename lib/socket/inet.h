// SPDX-License-Identifier: MIT
/*
 * What the internet families share: addresses and errors between POSIX and lwIP, options of IP. For lib/socket/ alone.
 */
#ifndef LIB_SOCKET_INET_H
#define LIB_SOCKET_INET_H

#include "socket.h"

#include <lwip/ip.h>
#include <lwip/ip_addr.h>
#include <lwip/netif.h>
#include <netinet/in.h>

#include <xenolith/time.h>

#include "../lwip/net.h"

/** struct inet_options - Options of IP and SOL_SOCKET that a socket keeps itself; lwIP's block has copies of some. */
struct inet_options {
    uint8_t tos, ttl; /* ttl 0: the default */
    uint8_t flags;    /* lwIP's SOF_* */
    uint8_t device;   /* index of the interface that it is bound to, 0: any */
    bool v6only;
    bool header_included, packet_info, receive_ttl, receive_tos, freebind;
};

/** inet_errno() - A negative error number for lwIP's. */
int inet_errno(err_t error);

/**
 * inet_address_in() - What a user's address means for a socket of @s's family: an IPv4-mapped one becomes IPv4.
 * Return: 0, -EINVAL, -EAFNOSUPPORT, -ENETUNREACH for a mapped one where @v6only.
 */
int inet_address_in(const struct socket *s, bool v6only, const struct sockaddr *address, socklen_t length,
                    ip_addr_t *ip, uint16_t *port);

/** inet_address_out() - The other way round. */
void inet_address_out(const struct socket *s, const ip_addr_t *ip, uint16_t port,
                      struct sockaddr_storage *out, socklen_t *length);

/** inet_address_is_ours() - May a socket be bound to it? "Any" may. */
bool inet_address_is_ours(const ip_addr_t *ip);

/** inet_pcb_type() - The kind of lwIP's blocks for a socket. */
uint8_t inet_pcb_type(const struct socket *s, bool v6only);

/** inet_netif_at() - The interface that a given local IPv4 address or, if that is 0, index names. NULL: none. */
struct netif *inet_netif_at(uint32_t address, unsigned int index);

/**
 * inet_set_option(), inet_get_option() - SOL_SOCKET's, IPPROTO_IP's and IPPROTO_IPV6's options that need nothing but @options. @pcb, if
 * not NULL, follows. -ENOPROTOOPT: not one of these.
 */
int inet_set_option(struct socket *s, struct inet_options *options, struct ip_pcb *pcb, int level, int option,
                    const void *value, socklen_t length);
int inet_get_option(struct socket *s, const struct inet_options *options, int level, int option, void *value,
                    socklen_t *length);

/** inet_int_in() - An option's number; Linux takes a byte for some. -EINVAL. */
int inet_int_in(const void *value, socklen_t length, int *out);

/** inet_int_out() - Give @number as far as there is room. 0. */
int inet_int_out(int number, void *value, socklen_t *length);

/** inet_bytes_out() - Give a structure as far as there is room. 0. */
int inet_bytes_out(const void *from, size_t bytes, void *value, socklen_t *length);

/** inet_control() - ioctl() requests about interfaces, and FIONBIO. -ENOTTY: not one of these. */
int inet_control(struct file *file, unsigned long request, void *argument);

/** inet_deadline() - When a wait with this timeout (0: none) ends. */
static inline uint64_t inet_deadline(uint64_t timeout_ns)
{
    return timeout_ns == 0 ? TIME_FOREVER : time_deadline_ns(timeout_ns);
}

/** struct iov_walk - A place in a scattered buffer. */
struct iov_walk {
    const struct iovec *part;
    size_t nr, offset, left; /* parts from here on; bytes taken of the first; bytes that remain */
};

void iov_walk_init(struct iov_walk *walk, const struct msghdr *message);

/** iov_walk_piece() - Address and length (not 0 while bytes remain) of what lies at this place without a gap. */
void *iov_walk_piece(struct iov_walk *walk, size_t *bytes);

void iov_walk_skip(struct iov_walk *walk, size_t bytes);

/** iov_gather() - Copy @bytes (at most what remains) out of the user's memory, and step. */
void iov_gather(struct iov_walk *walk, void *to, size_t bytes);

/** iov_scatter() - Copy @bytes into the user's memory, and step. */
void iov_scatter(struct iov_walk *walk, const void *from, size_t bytes);

/** stream_create() and so on - A socket of TCP, of UDP, of anything below; the stack has started. -ENOMEM. */
int stream_create(int family, struct socket **out);
int udp_create(int family, struct socket **out);
int raw_create(int family, int type, int protocol, struct socket **out);

#endif
