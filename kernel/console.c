// SPDX-License-Identifier: MIT
/*
 * The PV console's ring and all output: console_write() for programs, console_write_atomic() for the kernel's messages, and
 * the polled way of a panic. Input is console_input.c's. The backend's two indices are foreign: each is loaded once
 * and bounded, and one that makes no sense costs the ring, never more.
 */
#include "console_priv.h"

#include <xenolith/boot.h>
#include <xenolith/console.h>
#include <xenolith/events.h>
#include <xenolith/hypercall.h>
#include <xenolith/irq.h>
#include <xenolith/printk.h>
#include <xenolith/string.h>
#include <xenolith/sync.h>
#include <xenolith/time.h>
#include <xenolith/trace.h>

#include <arch/cpu.h>

#define PENDING_BYTES   4096 /* kernel messages that wait for room */
#define FLUSH_LIMIT_NS  (10 * NS_PER_SEC)
#define PANIC_LIMIT_NS  (5 * NS_PER_SEC)
#define PANIC_MAX_POLLS 1000000 /* should the clock stand still */

struct console console = {
    .out_waiters = WAIT_QUEUE_INIT(console.out_waiters),
    .in_waiters = WAIT_QUEUE_INIT(console.in_waiters),
};

/* Kernel messages in front of the ring, raw; written with upcalls off. @lost: messages dropped since it was last empty. */
static struct {
    char bytes[PENDING_BYTES];
    size_t first, len;
    unsigned int lost;
} pending;

static struct mutex write_lock = MUTEX_INIT(write_lock);
static bool writing;         /* a console_write() is under way, and alone fills the ring */
static bool started;         /* console_init() was here */
static bool crlf = true;     /* '\n' goes out as '\r\n' */
static bool panicking;
static uint64_t panic_deadline_ns;
static unsigned int panic_polls;

static void hypervisor_write(const char *buf, size_t len)
{
    if (len > 0) {
        (void)HYPERVISOR_console_io(CONSOLEIO_write, (unsigned int)len, (void *)(uintptr_t)buf);
    }
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
        if (started) {
            evtchn_mask(console.port);
        }
        ksnprintf(text, sizeof(text), "console: backend wrote %s %u, using the hypervisor's console\n", what, value);
        hypervisor_write(text, strlen(text));
        hypervisor_write(pending.bytes + pending.first, MIN(pending.len, PENDING_BYTES - pending.first));
        hypervisor_write(pending.bytes, pending.len - MIN(pending.len, PENDING_BYTES - pending.first));
        pending.len = 0;
        wait_wake_all(&console.out_waiters);
        wait_wake_all(&console.in_waiters);
    }
    upcall_restore(was);
}

/* Bytes that the ring can take; 0 also when there is no ring, or has just ceased to be. */
static uint32_t out_room(void)
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

/* Move what fits into the ring. Upcalls off. Returns how much of @buf that was. */
static size_t out_put(const char *buf, size_t len)
{
    uint32_t room = out_room();
    struct xencons_interface *ring = console.ring;
    uint32_t prod = console.out_prod;
    size_t done = 0;

    while (done < len && room > 0) {
        if (buf[done] == '\n' && crlf) {
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

/* All or nothing, so that no message is cut; once one was lost, the later ones are too, until the loss has been said. */
static bool pending_add(const char *buf, size_t len)
{
    if (pending.lost > 0 || len > PENDING_BYTES - pending.len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        pending.bytes[(pending.first + pending.len++) % PENDING_BYTES] = buf[i];
    }
    return true;
}

/* Move what fits from the buffer to the ring. Upcalls off. */
static void pending_drain(void)
{
    while (pending.len > 0) {
        size_t done = out_put(pending.bytes + pending.first, MIN(pending.len, PENDING_BYTES - pending.first));

        if (done == 0) {
            return;
        }
        pending.first = (pending.first + done) % PENDING_BYTES;
        pending.len -= done;
        if (pending.len == 0 && pending.lost > 0) {
            char text[48];
            unsigned int lost = pending.lost;

            pending.lost = 0;
            ksnprintf(text, sizeof(text), "[%u kernel messages lost]\n", lost);
            (void)pending_add(text, strlen(text));
        }
    }
}

/* The ring when it is free, else the buffer. Upcalls off. Returns false when there was no place. */
static bool put_or_keep(const char *buf, size_t len)
{
    size_t done = 0;

    if (!writing) {
        pending_drain();
        if (pending.len == 0) {
            done = out_put(buf, len);
        }
    }
    return done == len || pending_add(buf + done, len - done);
}

void console_echo(const char *buf, size_t len)
{
    (void)put_or_keep(buf, len);
}

/* One slice of waiting with upcalls off; false once the panic's time is over. */
static bool panic_poll(void)
{
    struct sched_poll poll = {.nr_ports = 0};
    uint64_t now = time_monotonic_ns();

    if (now >= panic_deadline_ns || ++panic_polls > PANIC_MAX_POLLS) {
        return false;
    }
    console_notify();
    /* Without ports any new event ends it, and the time-out covers an event that was pending already. */
    poll.timeout = now + NS_PER_MS;
    (void)HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
    return true;
}

static void panic_write(const char *buf, size_t len)
{
    pending_drain();
    while (console.ring != NULL && pending.len > 0 && panic_poll()) {
        pending_drain();
    }
    while (console.ring != NULL && len > 0) {
        size_t done = out_put(buf, len);

        buf += done;
        len -= done;
        if (done == 0 && console.ring != NULL && !panic_poll()) {
            console_give_up("no more than out_cons", console.ring->out_cons);
        }
    }
    hypervisor_write(buf, len);
    console_notify();
}

void console_write_atomic(const void *buf, size_t len)
{
    bool was = upcall_save();

    if (panicking) {
        panic_write(buf, len);
    } else if (console.ring != NULL) {
        if (!put_or_keep(buf, len)) {
            pending.lost++;
        }
        console_notify();
    } else {
        hypervisor_write(buf, len);
        if (!started) {
            /* Xen shows a guest's early words only in debug builds, so the ring gets them as well. */
            (void)pending_add(buf, len);
        }
    }
    upcall_restore(was);
}

/* Up to and with the first '\n'. */
static size_t line_length(const char *buf, size_t len)
{
    const char *end = memchr(buf, '\n', len);

    return end == NULL ? len : (size_t)(end - buf) + 1;
}

/* Part of a console_write(). Kernel messages that wait go first where a line begins. */
static size_t write_some(const char *buf, size_t len, bool line_start)
{
    bool was = upcall_save();
    size_t done = 0;

    if (line_start) {
        pending_drain();
    }
    if (pending.len == 0) {
        done = out_put(buf, len);
    } else if (!line_start) {
        done = out_put(buf, line_length(buf, len));
    }
    upcall_restore(was);
    return done;
}

/* Two bytes of room, for a '\n'; or no ring, so that there is nothing to wait for. */
static bool out_ready(void)
{
    return out_room() >= 2 || console.ring == NULL;
}

long console_write(const void *buf, size_t len)
{
    const char *from = buf;
    size_t done = 0;
    bool line_start = true, was;

    mutex_lock(&write_lock);
    writing = true;
    while (done < len && console.ring != NULL) {
        size_t n = write_some(from + done, len - done, line_start);

        if (n > 0) {
            done += n;
            line_start = from[done - 1] == '\n';
        } else {
            console_notify();
            wait_event(&console.out_waiters, out_ready());
        }
    }
    hypervisor_write(from + done, len - done);

    was = upcall_save();
    writing = false;
    pending_drain();
    upcall_restore(was);
    console_notify();
    mutex_unlock(&write_lock);
    return (long)len;
}

static void console_upcall(evtchn_port_t port, void *arg)
{
    (void)port;
    (void)arg;
    if (console.ring == NULL) {
        return;
    }
    if (!writing) {
        pending_drain();
    }
    console_notify();
    wait_wake_all(&console.out_waiters);
    if (console.ring != NULL && READ_ONCE(console.ring->in_prod) != console.in_cons) {
        wait_wake_all(&console.in_waiters);
    }
}

/* Has the backend read all up to @prod? Also true when there is nobody left who could. */
static bool out_taken(uint32_t prod)
{
    if (console.ring == NULL) {
        return true;
    }
    (void)out_room(); /* refuses an index that makes no sense */
    return console.ring == NULL || (int32_t)(READ_ONCE(console.ring->out_cons) - prod) >= 0;
}

/* Kernel messages moved on, as far as there is room. */
static bool pending_gone(void)
{
    bool was = upcall_save();

    if (!writing) {
        pending_drain();
    }
    upcall_restore(was);
    console_notify();
    return pending.len == 0;
}

void console_flush(void)
{
    uint64_t deadline_ns;
    uint32_t prod = 0;
    int rc;

    if (console.ring == NULL) {
        return;
    }
    deadline_ns = time_deadline_ns(FLUSH_LIMIT_NS);
    rc = mutex_lock_until(&write_lock, deadline_ns);
    if (rc == 0) {
        rc = wait_event_until(&console.out_waiters, pending_gone(), deadline_ns);
        prod = console.out_prod;
        mutex_unlock(&write_lock);
    }
    if (rc == 0) {
        rc = wait_event_until(&console.out_waiters, out_taken(prod), deadline_ns);
    }
    if (rc != 0 && console.ring != NULL) {
        static const char text[] = "console: the backend does not take our last output\n";

        hypervisor_write(text, sizeof(text) - 1);
    }
}

/* What the domain builder, or whoever used the ring before us, has left. */
static bool find_ring(void)
{
    const struct xencons_interface *ring = boot_info.console_ring;

    if (boot_info.console_port == 0 || ring == NULL) {
        return false;
    }
    console.port = boot_info.console_port;
    console.out_prod = READ_ONCE(ring->out_prod);
    console.told = READ_ONCE(ring->out_cons);
    console.in_cons = READ_ONCE(ring->in_cons);
    return true;
}

void console_panic(void)
{
    upcall_disable();
    if (panicking) {
        return;
    }
    panicking = true;
    panic_deadline_ns = time_deadline_ns(PANIC_LIMIT_NS);
    if (!started && find_ring()) {
        console.ring = boot_info.console_ring;
    }
}

void console_flush_polled(void)
{
    panic_write(NULL, 0);
    while (!out_taken(console.out_prod) && panic_poll()) {
    }
}

void console_set_crlf(bool on)
{
    crlf = on;
}

void console_init(void)
{
    started = true;
    if (!find_ring()) {
        pending.len = 0;
        return;
    }
    if (evtchn_adopt(console.port, console_upcall, NULL) != 0) {
        pr_err("console: event channel %u refused", console.port);
        pending.len = 0;
        return;
    }
    console.ring = boot_info.console_ring;
    (void)pending_gone();
    evtchn_unmask(console.port);
}
