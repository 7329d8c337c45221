// SPDX-License-Identifier: MIT
/*
 * All output on the console: console_write() for programs, console_write_atomic() for the kernel's messages, and the
 * polled way of a panic. Bytes go into the ring by console_ring.c; input is console_input.c's.
 */
#include <xenolith/console.h>

#include "console_priv.h"

#include <xenolith/boot.h>
#include <xenolith/events.h>
#include <xenolith/hypercall.h>
#include <xenolith/irq.h>
#include <xenolith/printk.h>
#include <xenolith/string.h>
#include <xenolith/sync.h>
#include <xenolith/time.h>

#define PENDING_BYTES   4096 /* kernel messages that wait for room */
#define FLUSH_LIMIT_NS  (10 * NS_PER_SEC)
#define PANIC_LIMIT_NS  (5 * NS_PER_SEC)
#define PANIC_MAX_POLLS 1000000 /* should the clock stand still */

/* Kernel messages in front of the ring, raw; written with upcalls off. @lost: messages dropped since it was last empty. */
static struct {
    char bytes[PENDING_BYTES];
    size_t first, len;
    unsigned int lost;
} pending;

static struct mutex write_lock = MUTEX_INIT(write_lock);
static bool writing; /* a console_write() is under way, and alone fills the ring */
static bool started; /* console_init() was here */
static bool panicking;
static uint64_t panic_deadline_ns;
static unsigned int panic_polls;

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

void console_pending_move(void)
{
    size_t straight = MIN(pending.len, PENDING_BYTES - pending.first);

    console_hypervisor_write(pending.bytes + pending.first, straight);
    console_hypervisor_write(pending.bytes, pending.len - straight);
    pending.len = 0;
}

/* Move what fits from the buffer to the ring. Upcalls off. */
static void pending_drain(void)
{
    while (pending.len > 0) {
        size_t done =
            console_put(pending.bytes + pending.first, MIN(pending.len, PENDING_BYTES - pending.first));

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
            done = console_put(buf, len);
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
        size_t done = console_put(buf, len);

        buf += done;
        len -= done;
        if (done == 0 && console.ring != NULL && !panic_poll()) {
            console_give_up("no more than out_cons", console.ring->out_cons);
        }
    }
    console_hypervisor_write(buf, len);
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
        console_hypervisor_write(buf, len);
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
        done = console_put(buf, len);
    } else if (!line_start) {
        done = console_put(buf, line_length(buf, len));
    }
    upcall_restore(was);
    return done;
}

/* Two bytes of room, for a '\n'; or no ring, so that there is nothing to wait for. */
static bool out_ready(void)
{
    return console_room() >= 2 || console.ring == NULL;
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
    console_hypervisor_write(from + done, len - done);

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
        rc = wait_event_until(&console.out_waiters, console_taken(prod), deadline_ns);
    }
    if (rc != 0 && console.ring != NULL) {
        static const char text[] = "console: the backend does not take our last output\n";

        console_hypervisor_write(text, sizeof(text) - 1);
    }
}

void console_panic(void)
{
    upcall_disable();
    if (panicking) {
        return;
    }
    panicking = true;
    panic_deadline_ns = time_deadline_ns(PANIC_LIMIT_NS);
    if (!started && console_find_ring()) {
        console.ring = boot_info.console_ring;
    }
}

void console_flush_polled(void)
{
    panic_write(NULL, 0);
    while (!console_taken(console.out_prod) && panic_poll()) {
    }
}

void console_set_crlf(bool on)
{
    console.crlf = on;
}

void console_init(void)
{
    started = true;
    if (!console_find_ring()) {
        pending.len = 0;
        return;
    }
    if (evtchn_adopt(console.port, console_upcall, NULL) != 0) {
        pr_err("console: event channel %u refused", console.port);
        pending.len = 0;
        return;
    }
    console.adopted = true;
    console.ring = boot_info.console_ring;
    (void)pending_gone();
    evtchn_unmask(console.port);
}
