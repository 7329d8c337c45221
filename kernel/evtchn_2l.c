// SPDX-License-Identifier: MIT
/*
 * The two-level event channel ABI: a selector word over 64 words of pending bits, and as many mask bits.
 * Xen sets pending and selector, we clear them; both sides use atomic operations on the words they share.
 * ABI: xen/xen.h, struct shared_info, struct vcpu_info.
 */
#include "events_priv.h"

#include <arch/irq.h>

#include <xenolith/string.h>

#define WORD_BITS 64
#define NR_WORDS (sizeof(shared_info.evtchn_pending) / sizeof(shared_info.evtchn_pending[0]))

/* Where the last upcall stopped, so that low ports cannot starve high ones. */
static unsigned int next_word, next_bit;

void evtchn_2l_init(void)
{
    memset(shared_info.evtchn_mask, 0xff, sizeof(shared_info.evtchn_mask));
}

static void set_bit(xen_ulong_t *words, evtchn_port_t port)
{
    __atomic_fetch_or(&words[port / WORD_BITS], 1UL << (port % WORD_BITS), __ATOMIC_SEQ_CST);
}

static void clear_bit(xen_ulong_t *words, evtchn_port_t port)
{
    __atomic_fetch_and(&words[port / WORD_BITS], ~(1UL << (port % WORD_BITS)), __ATOMIC_SEQ_CST);
}

static bool test_bit(const xen_ulong_t *words, evtchn_port_t port)
{
    return (READ_ONCE(words[port / WORD_BITS]) >> (port % WORD_BITS)) & 1;
}

static void mask_2l(evtchn_port_t port)
{
    set_bit(shared_info.evtchn_mask, port);
}

static bool unmask_2l(evtchn_port_t port)
{
    clear_bit(shared_info.evtchn_mask, port);
    if (LIKELY(!test_bit(shared_info.evtchn_pending, port))) {
        return false;
    }
    /* Xen raises a pending port only if it finds it masked. */
    set_bit(shared_info.evtchn_mask, port);
    return true;
}

static void clear_pending_2l(evtchn_port_t port)
{
    clear_bit(shared_info.evtchn_pending, port);
}

static bool is_pending_2l(evtchn_port_t port)
{
    return test_bit(shared_info.evtchn_pending, port);
}

static bool is_masked_2l(evtchn_port_t port)
{
    return test_bit(shared_info.evtchn_mask, port);
}

/** rotate_from() - The lowest set bit of @word at or above @from, else the lowest of all. @word is not 0. */
static unsigned int rotate_from(xen_ulong_t word, unsigned int from)
{
    xen_ulong_t upper = from < WORD_BITS ? word & (~0UL << from) : 0;

    return (unsigned int)__builtin_ctzl(upper != 0 ? upper : word);
}

/** handle_word() - One pass over a word's ports, beginning behind the one that was served last. */
static void handle_word(unsigned int word, unsigned int from)
{
    xen_ulong_t ready = READ_ONCE(shared_info.evtchn_pending[word]) &
                        ~READ_ONCE(shared_info.evtchn_mask[word]);

    while (ready != 0) {
        unsigned int bit = rotate_from(ready, from);

        ready &= ~(1UL << bit);
        if (UNLIKELY(is_masked_2l(word * WORD_BITS + bit))) {
            continue; /* a handler of this pass has masked it: unmask will find it pending */
        }
        next_word = word;
        next_bit = bit + 1;
        evtchn_dispatch(word * WORD_BITS + bit);
    }
}

static void handle_2l(void)
{
    struct vcpu_info *vcpu = &shared_info.vcpu_info[0];

    do {
        xen_ulong_t selected;

        /* Cleared before the look: what comes after it raises the flag again. */
        WRITE_ONCE(vcpu->evtchn_upcall_pending, 0);
        selected = __atomic_exchange_n(&vcpu->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
        while (selected != 0) {
            unsigned int word = rotate_from(selected, next_word);

            selected &= ~(1UL << word);
            handle_word(word, word == next_word ? next_bit : 0);
        }
    } while (READ_ONCE(vcpu->evtchn_upcall_pending));
}

const struct evtchn_abi evtchn_2l = {
    .name = "2-level",
    .max_ports = NR_WORDS * WORD_BITS,
    .mask = mask_2l,
    .unmask = unmask_2l,
    .clear_pending = clear_pending_2l,
    .is_pending = is_pending_2l,
    .is_masked = is_masked_2l,
    .handle = handle_2l,
};
