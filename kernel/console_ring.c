// SPDX-License-Identifier: MIT
/*
 * The PV console's ring page: bytes into it, notifications, and what to do when the backend lies. The backend's indices
 * are foreign: each is loaded once and bounded, and one that makes no sense costs the ring, never more. Who writes
 * what and when is console.c's affair; input is console_input.c's.
 */
#include "console_priv.h"

#include <xenolith/boot.h>
#include <xenolith/events.h>
#include <xenolith/hypercall.h>
#include <xenolith/irq.h>
#include <xenolith/printk.h>
#include <xenolith/string.h>
#include <xenolith/trace.h>

#include <arch/cpu.h>

struct console console = {
    .crlf = true,
    .out_waiters = WAIT_QUEUE_INIT(console.out_waiters),
    .in_waiters = WAIT_QUEUE_INIT(console.in_waiters),
};

void console_hypervisor_write(const char *buf, size_t len)
{
    if (len > 0) {
        (void)HYPERVISOR_console_io(CONSOLEIO_write, (unsigned int)len, (void *)(uintptr_t)buf);
    }
}

bool console_find_ring(void)
{
    const struct xencons_interface *ring = boot_info.console_ring;

    if (boot_info.console_port == 0 || ring == NULL) {
        return false;
    }
    /* The builder, or whoever used the ring before us, may have left indices other than 0. */
    console.port = boot_info.console_port;
    console.out_prod = READ_ONCE(ring->out_prod);
    console.told = READ_ONCE(ring->out_cons);
    console.in_cons = READ_ONCE(ring->in_cons);
    return true;
}

void console_notify(void)
{
    struct xencons_interface *ring = console.ring;

    if (ring == NULL) {
        return;
    }
    /* Behind out_prod's store: either we see here that the backend is done, or its event comes after its last look. */
    smp_mb();
    if (console.in_unsent ||
        (console.out_unsent && (int32_t)(READ_ONCE(ring->out_cons) - console.told) >= 0)) {
        console.in_unsent = console.out_unsent = false;
        console.told = console.out_prod;
        (void)evtchn_send(console.port);
    }
}

void console_give_up(const char *what, uint32_t value)
{
    char text[96];
    bool was = upcall_save();

    if (console.ring != NULL) {
        console.ring = NULL;
        console.broken = true;
        if (console.adopted) {
            evtchn_mask(console.port);
        }
        ksnprintf(text, sizeof(text), "console: backend wrote %s %u, using the hypervisor's console\n", what,
                  value);
        console_hypervisor_write(text, strlen(text));
        console_pending_move();
        wait_wake_all(&console.out_waiters);
        wait_wake_all(&console.in_waiters);
    }
    upcall_restore(was);
}

uint32_t console_room(void)
{
    uint32_t cons, used;

    if (console.ring == NULL) {
        return 0;
    }
    cons = READ_ONCE(console.ring->out_cons);
    used = console.out_prod - cons;
    if (used > sizeof(console.ring->out)) {
        console_give_up("out_cons", cons);
        return 0;
    }
    smp_mb(); /* the backend has read what we are about to overwrite */
    return (uint32_t)sizeof(console.ring->out) - used;
}

size_t console_put(const char *buf, size_t len)
{
    uint32_t room = console_room();
    struct xencons_interface *ring = console.ring;
    uint32_t prod = console.out_prod;
    size_t done = 0;

    while (done < len && room > 0) {
        if (buf[done] == '\n' && console.crlf) {
            if (room < 2) {
                break;
            }
            ring->out[MASK_XENCONS_IDX(prod++, ring->out)] = '\r';
            room--;
        }
        ring->out[MASK_XENCONS_IDX(prod++, ring->out)] = buf[done++];
        room--;
    }
    if (done > 0) {
        smp_wmb(); /* bytes first, then the index that shows them */
        WRITE_ONCE(ring->out_prod, prod);
        console.out_prod = prod;
        console.out_unsent = true;
        TRACE(TRACE_RING, TRACE_EV_RING_PUSH, console.port, prod, 0);
    }
    return done;
}

bool console_taken(uint32_t prod)
{
    if (console.ring == NULL) {
        return true;
    }
    (void)console_room(); /* refuses an index that makes no sense */
    return console.ring == NULL || (int32_t)(READ_ONCE(console.ring->out_cons) - prod) >= 0;
}
