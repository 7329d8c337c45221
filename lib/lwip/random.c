// SPDX-License-Identifier: MIT
/*
 * What must not be guessed: ports, transaction ids, and TCP's initial sequence numbers (RFC 6528: a keyed hash of the connection plus a
 * clock, so that one connection's number says nothing of another's, and a later one of the same pair is larger).
 */
#include <string.h>
#include <unistd.h>

#include <arch/hooks.h>

#include <xenolith/printk.h>
#include <xenolith/time.h>

#include "port_priv.h"

static uint64_t key[2];
static uint8_t bytes[256];
static unsigned int left;

int random_init(void)
{
    if (getentropy(key, sizeof(key)) != 0) {
        /* No generator: time is all there is, which is worth a word. */
        pr_warn("net: no source of random numbers: ports and sequence numbers can be guessed");
        key[0] = time_monotonic_ns();
        key[1] = time_wall_ns() * 0x9e3779b97f4a7c15U;
    }
    return 0;
}

static uint64_t rotate(uint64_t v, unsigned int by)
{
    return v << by | v >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

/** sip_hash() - SipHash-2-4 of whole words. */
static uint64_t sip_hash(const uint64_t *words, unsigned int nr)
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575U, key[1] ^ 0x646f72616e646f6dU, key[0] ^ 0x6c7967656e657261U,
                     key[1] ^ 0x7465646279746573U};

    for (unsigned int i = 0; i <= nr; i++) {
        uint64_t word = i < nr ? words[i] : (uint64_t)nr << 59;

        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (unsigned int i = 0; i < 4; i++) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint32_t net_random32(void)
{
    static uint64_t counter;
    uint32_t word;

    if (left == 0) {
        left = getentropy(bytes, sizeof(bytes)) == 0 ? sizeof(bytes) : 0;
        if (left == 0) {
            uint64_t seed[2] = {++counter, time_monotonic_ns()};

            return (uint32_t)sip_hash(seed, 2);
        }
    }
    left -= sizeof(word);
    memcpy(&word, bytes + left, sizeof(word));
    memset(bytes + left, 0, sizeof(word));
    return word;
}

u32_t net_tcp_isn(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote, u16_t remote_port)
{
    uint64_t words[5] = {0};

    if (IP_IS_V6(local)) {
        memcpy(&words[0], ip_2_ip6(local)->addr, 16);
        memcpy(&words[2], ip_2_ip6(remote)->addr, 16);
    } else {
        words[0] = ip_2_ip4(local)->addr;
        words[2] = ip_2_ip4(remote)->addr;
    }
    words[4] = (uint64_t)local_port << 16 | remote_port;
    return (u32_t)(sip_hash(words, 5) + (time_monotonic_ns() >> 6)); /* one step every 64 ns, as in Linux */
}
