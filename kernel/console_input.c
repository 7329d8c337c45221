// SPDX-License-Identifier: MIT
/*
 * Console input: from the ring through the line discipline to whoever reads. Bytes leave the ring only when somebody
 * wants them, so a program that never reads its stdin costs nothing, however much is typed.
 */
#include "console_priv.h"

#include <xenolith/console.h>
#include <xenolith/errno.h>
#include <xenolith/irq.h>
#include <xenolith/trace.h>

#include <arch/cpu.h>

static char line[TTY_LINE_BYTES];

static struct tty tty = {
    .canonical = true,
    .echo = true,
    .emit = console_echo,
    .line = line,
};

/* Feed the line discipline from the ring. Upcalls off, so that any context may. */
static void pump(void)
{
    struct xencons_interface *ring = console.ring;
    uint32_t prod, cons = console.in_cons;

    if (ring == NULL) {
        return;
    }
    prod = READ_ONCE(ring->in_prod);
    if (prod - cons > sizeof(ring->in)) {
        console_give_up("in_prod", prod);
        return;
    }
    smp_rmb(); /* the index first, then the bytes behind it */
    while (cons != prod && tty_wants_input(&tty)) {
        tty_input(&tty, (unsigned char)READ_ONCE(ring->in[MASK_XENCONS_IDX(cons, ring->in)]));
        cons++;
    }
    if (cons != console.in_cons && console.ring != NULL) {
        console.in_cons = cons;
        smp_mb(); /* we have read what the backend may overwrite now */
        WRITE_ONCE(ring->in_cons, cons);
        console.in_unsent = true;
        TRACE(TRACE_RING, TRACE_EV_RING_POP, console.port, cons, 0);
    }
    console_notify();
}

bool console_input_ready(void)
{
    bool was = upcall_save();
    bool ready;

    pump();
    ready = tty.ready || console.ring == NULL;
    upcall_restore(was);
    return ready;
}

struct wait_queue *console_input_waiters(void)
{
    return &console.in_waiters;
}

long console_read(void *buf, size_t len)
{
    if (len == 0) {
        return 0;
    }
    /* Threads do not preempt each other, so nobody takes what is ready between the wait and the take. */
    wait_event(&console.in_waiters, console_input_ready());
    if (tty.ready) {
        bool was = upcall_save();
        size_t taken = tty_take(&tty, buf, len);

        upcall_restore(was);
        return (long)taken;
    }
    return console.broken ? -EIO : 0;
}

void console_set_mode(bool canonical, bool echo)
{
    bool was = upcall_save();

    tty_set_mode(&tty, canonical, echo);
    wait_wake_all(&console.in_waiters);
    upcall_restore(was);
}
