// SPDX-License-Identifier: MIT
/*
 * TCP sockets: options, and what TCP_INFO tells.
 */
#include "stream.h"

#include <errno.h>
#include <limits.h>
#include <lwip/priv/tcp_priv.h>
#include <netinet/tcp.h>
#include <string.h>

#define SLOW_TICK_US (TCP_SLOW_INTERVAL * 1000U)

void stream_apply_options(struct stream *st)
{
    struct tcp_pcb *pcb = st->pcb;

    pcb->so_options |= st->options.flags;
    pcb->tos = st->options.tos;
    pcb->ttl = st->options.ttl != 0 ? st->options.ttl : TCP_TTL;
    pcb->netif_idx = st->options.device;
    if (st->nodelay && !st->cork) {
        tcp_nagle_disable(pcb);
    }
    if (st->keep_idle_s != 0) {
        pcb->keep_idle = st->keep_idle_s * 1000;
    }
    if (st->keep_interval_s != 0) {
        pcb->keep_intvl = st->keep_interval_s * 1000;
    }
    if (st->keep_count != 0) {
        pcb->keep_cnt = st->keep_count;
    }
    if (st->max_segment != 0 && st->max_segment < pcb->mss) {
        pcb->mss = st->max_segment;
    }
    stream_watch_progress(st);
}

/* Linux gives twice what was asked for, for its own bookkeeping, and says so. */
static uint32_t doubled(int bytes, uint32_t low, uint32_t high)
{
    uint64_t twice = bytes < 0 ? high : (uint64_t)bytes * 2;

    return (uint32_t)(twice < low ? low : twice > high ? high : twice);
}

static int set_linger(struct stream *st, const void *value, socklen_t length)
{
    if (length < sizeof(st->linger)) {
        return -EINVAL;
    }
    memcpy(&st->linger, value, sizeof(st->linger));
    return 0;
}

static int set_socket_option(struct stream *st, int option, const void *value, socklen_t length)
{
    int number;

    if (option == SO_LINGER) {
        return set_linger(st, value, length);
    }
    if (option != SO_SNDBUF && option != SO_RCVBUF && option != SO_RCVLOWAT && option != SO_SNDBUFFORCE &&
        option != SO_RCVBUFFORCE) {
        return -ENOPROTOOPT;
    }
    if (length < sizeof(int) || inet_int_in(value, length, &number) != 0) {
        return -EINVAL;
    }
    switch (option) {
    case SO_SNDBUF:
    case SO_SNDBUFFORCE:
        st->send_limit = doubled(number, 4608, TCP_SND_BUF);
        stream_tell_writers(st);
        return 0;
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
        stream_set_receive_limit(st, doubled(number, 2304, TCP_WND));
        return 0;
    default:
        st->receive_low = number < 0 ? INT_MAX : number == 0 ? 1 : (uint32_t)number;
        if (st->receive_low > st->receive_limit / 2) {
            st->receive_low = st->receive_limit / 2;
        }
        return 0;
    }
}

/* Whoever held segments back for more now lets them go. */
static void uncork(struct stream *st)
{
    if (st->phase == STREAM_CONNECTED && st->pcb != NULL && st->put_out != st->written) {
        stream_output_soon(st);
    }
}

static int set_keepalive(uint32_t *mine, int number, int most)
{
    if (number < 1 || number > most) {
        return -EINVAL;
    }
    *mine = (uint32_t)number;
    return 0;
}

static int set_tcp_option(struct stream *st, int option, int number)
{
    switch (option) {
    case TCP_NODELAY:
        st->nodelay = number != 0;
        if (st->nodelay) {
            uncork(st);
        }
        return 0;
    case TCP_CORK:
        st->cork = number != 0;
        if (!st->cork) {
            uncork(st);
        }
        return 0;
    case TCP_KEEPIDLE:
        return set_keepalive(&st->keep_idle_s, number, 32767);
    case TCP_KEEPINTVL:
        return set_keepalive(&st->keep_interval_s, number, 32767);
    case TCP_KEEPCNT:
        return set_keepalive(&st->keep_count, number, 127);
    case TCP_MAXSEG:
        if (number != 0 && (number < 88 || number > 32767)) {
            return -EINVAL;
        }
        st->max_segment = (uint16_t)number;
        return 0;
    case TCP_USER_TIMEOUT:
        if (number < 0) {
            return -EINVAL;
        }
        st->user_timeout_ms = (uint32_t)number;
        return 0;
    /* Wishes about behaviour that is as it is. */
    case TCP_QUICKACK:
    case TCP_DEFER_ACCEPT:
    case TCP_LINGER2:
    case TCP_SYNCNT:
    case TCP_WINDOW_CLAMP:
    case TCP_NOTSENT_LOWAT:
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int stream_set_option(struct socket *s, int level, int option, const void *value, socklen_t length)
{
    struct stream *st = stream_of(s);
    /* The first members of a listening block are the same; a block that is connected has its family. */
    struct ip_pcb *pcb = (struct ip_pcb *)st->pcb;
    int number;
    int rc;

    net_lock();
    if (level == IPPROTO_TCP) {
        rc = inet_int_in(value, length, &number);
        rc = rc != 0 ? rc : set_tcp_option(st, option, number);
        if (rc == 0 && st->pcb != NULL && st->phase != STREAM_LISTENING) {
            stream_apply_options(st);
            if (!st->nodelay || st->cork) {
                tcp_nagle_enable(st->pcb);
            }
        }
    } else {
        rc = level == SOL_SOCKET ? set_socket_option(st, option, value, length) : -ENOPROTOOPT;
        if (rc == -ENOPROTOOPT) {
            rc = level == IPPROTO_IPV6 && option == IPV6_V6ONLY && st->local_port != 0
                     ? -EINVAL
                     : inet_set_option(s, &st->options, pcb, level, option, value, length);
        }
    }
    net_unlock();
    return rc;
}

static uint8_t linux_state(const struct stream *st)
{
    static const uint8_t states[] = {
        [CLOSED] = TCP_CLOSE,         [LISTEN] = TCP_LISTEN,           [SYN_SENT] = TCP_SYN_SENT,
        [SYN_RCVD] = TCP_SYN_RECV,    [ESTABLISHED] = TCP_ESTABLISHED, [FIN_WAIT_1] = TCP_FIN_WAIT1,
        [FIN_WAIT_2] = TCP_FIN_WAIT2, [CLOSE_WAIT] = TCP_CLOSE_WAIT,   [CLOSING] = TCP_CLOSING,
        [LAST_ACK] = TCP_LAST_ACK,    [TIME_WAIT] = TCP_TIME_WAIT,
    };

    return st->pcb != NULL ? states[st->pcb->state] : TCP_CLOSE;
}

static unsigned int count(const struct tcp_seg *seg)
{
    unsigned int nr = 0;

    for (; seg != NULL; seg = seg->next) {
        nr++;
    }
    return nr;
}

static void describe(const struct stream *st, struct tcp_info *info)
{
    const struct tcp_pcb *pcb = st->pcb;

    memset(info, 0, sizeof(*info));
    info->tcpi_state = linux_state(st);
    if (pcb == NULL || st->phase == STREAM_LISTENING) {
        return;
    }
    info->tcpi_retransmits = pcb->nrtx;
    info->tcpi_probes = pcb->persist_probe;
    info->tcpi_backoff = pcb->persist_backoff;
    info->tcpi_options = ((pcb->flags & TF_SACK) != 0 ? TCPI_OPT_SACK : 0) |
                         ((pcb->flags & TF_WND_SCALE) != 0 ? TCPI_OPT_WSCALE : 0);
    info->tcpi_snd_wscale = pcb->snd_scale & 15;
    info->tcpi_rcv_wscale = pcb->rcv_scale & 15;
    info->tcpi_rto = (uint32_t)pcb->rto * SLOW_TICK_US;
    info->tcpi_snd_mss = info->tcpi_rcv_mss = info->tcpi_advmss = pcb->mss;
    info->tcpi_unacked = count(pcb->unacked);
    info->tcpi_pmtu = pcb->mss + 40U;
    info->tcpi_rtt = (uint32_t)(pcb->sa > 0 ? pcb->sa >> 3 : 0) * SLOW_TICK_US;
    info->tcpi_rttvar = (uint32_t)(pcb->sv > 0 ? pcb->sv >> 2 : 0) * SLOW_TICK_US;
    info->tcpi_snd_ssthresh = pcb->mss > 0 ? pcb->ssthresh / pcb->mss : 0;
    info->tcpi_snd_cwnd = pcb->mss > 0 ? pcb->cwnd / pcb->mss : 0;
    info->tcpi_rcv_space = pcb->rcv_wnd;
}

static int get_tcp_option(const struct stream *st, int option, void *value, socklen_t *length)
{
    struct tcp_info info;

    switch (option) {
    case TCP_NODELAY:
        return inet_int_out(st->nodelay, value, length);
    case TCP_CORK:
        return inet_int_out(st->cork, value, length);
    case TCP_KEEPIDLE:
        return inet_int_out(st->keep_idle_s != 0 ? (int)st->keep_idle_s : (int)(TCP_KEEPIDLE_DEFAULT / 1000),
                            value, length);
    case TCP_KEEPINTVL:
        return inet_int_out(st->keep_interval_s != 0 ? (int)st->keep_interval_s
                                                     : (int)(TCP_KEEPINTVL_DEFAULT / 1000),
                            value, length);
    case TCP_KEEPCNT:
        return inet_int_out(st->keep_count != 0 ? (int)st->keep_count : (int)TCP_KEEPCNT_DEFAULT, value,
                            length);
    case TCP_MAXSEG:
        return inet_int_out(st->pcb != NULL && st->phase == STREAM_CONNECTED ? st->pcb->mss
                            : st->max_segment != 0                           ? st->max_segment
                                                                             : 536,
                            value, length);
    case TCP_USER_TIMEOUT:
        return inet_int_out((int)st->user_timeout_ms, value, length);
    case TCP_QUICKACK:
    case TCP_DEFER_ACCEPT:
    case TCP_NOTSENT_LOWAT:
        return inet_int_out(0, value, length);
    case TCP_CONGESTION:
        return inet_bytes_out("reno", 5, value, length);
    case TCP_INFO:
        describe(st, &info);
        return inet_bytes_out(&info, sizeof(info), value, length);
    default:
        return -ENOPROTOOPT;
    }
}

static int get_option(struct socket *s, int level, int option, void *value, socklen_t *length)
{
    const struct stream *st = stream_of(s);

    if (level == IPPROTO_TCP) {
        return get_tcp_option(st, option, value, length);
    }
    if (level == SOL_SOCKET) {
        switch (option) {
        case SO_SNDBUF:
            return inet_int_out((int)st->send_limit, value, length);
        case SO_RCVBUF:
            return inet_int_out((int)st->receive_limit, value, length);
        case SO_RCVLOWAT:
            return inet_int_out((int)st->receive_low, value, length);
        case SO_LINGER:
            return inet_bytes_out(&st->linger, sizeof(st->linger), value, length);
        case SO_ACCEPTCONN:
            return inet_int_out(st->phase == STREAM_LISTENING, value, length);
        default:
            break;
        }
    }
    return inet_get_option(s, &st->options, level, option, value, length);
}

int stream_get_option(struct socket *s, int level, int option, void *value, socklen_t *length)
{
    int rc;

    net_lock();
    rc = get_option(s, level, option, value, length);
    net_unlock();
    return rc;
}
