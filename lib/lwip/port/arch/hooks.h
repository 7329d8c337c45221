/* SPDX-License-Identifier: MIT */
/*
 * Where lwIP asks the port. Only lwIP's own files include this.
 */
#ifndef LWIP_PORT_HOOKS_H
#define LWIP_PORT_HOOKS_H

#include <lwip/ip_addr.h>
#include <lwip/tcp.h>

/* RFC 6528. */
u32_t net_tcp_isn(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote, u16_t remote_port);
#define LWIP_HOOK_TCP_ISN net_tcp_isn

/* A frame merged from several segments is acknowledged at once, as each second segment would have been: TF_ACK_DELAY says that
 * one acknowledgement is owed already. A listening one, whose structure is smaller, comes here too. */
static inline err_t net_tcp_inpacket(struct tcp_pcb *pcb, const struct pbuf *p)
{
    if (pcb->state == ESTABLISHED && p->tot_len > pcb->mss) {
        pcb->flags |= TF_ACK_DELAY;
    }
    return ERR_OK;
}
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, hdr, optlen, opt1len, opt2, p) net_tcp_inpacket(pcb, p)

#endif
