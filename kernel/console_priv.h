// SPDX-License-Identifier: MIT
/*
 * What the console's files share: the ring as console.c keeps it, and the line discipline of tty.c.
 */
#ifndef XENOLITH_CONSOLE_PRIV_H
#define XENOLITH_CONSOLE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/io/console.h>

#include <xenolith/wait.h>

/**
 * struct console - The one console. Written with upcalls off.
 * @ring:     NULL before console_init(), without a console, and once the backend has broken the rules.
 * @out_prod: Bytes we ever put out, modulo 2^32; the shared copy is only written, never believed. @in_cons likewise.
 * @told:     @out_prod when the backend was last notified; @out_unsent: it has grown since. @in_unsent: @in_cons has.
 * @adopted:  The event channel is ours. @crlf: '\n' goes out as '\r\n'.
 */
struct console {
    struct xencons_interface *ring;
    evtchn_port_t port;
    uint32_t out_prod, in_cons, told;
    bool out_unsent, in_unsent, broken, adopted, crlf;
    struct wait_queue out_waiters, in_waiters;
};

extern struct console console;

/**
 * console_notify() - One event for all that was moved since the last, and none while the backend is still to take what
 * it was told of: it tells us when it has, and the upcall comes here again. Context: any.
 */
void console_notify(void);

/** console_give_up() - The backend wrote nonsense: from now on the hypervisor's console. @what, @value: which index. */
void console_give_up(const char *what, uint32_t value);

/** console_find_ring() - Take port and indices of the ring found at boot; false when there is none. Sets all but @ring. */
bool console_find_ring(void);

/** console_room() - Bytes that the ring can take; 0 also when there is no ring, or it has just ceased to be. */
uint32_t console_room(void);

/** console_put() - Move what fits into the ring. Upcalls off. Return: how much of @buf that was. */
size_t console_put(const char *buf, size_t len);

/** console_taken() - Has the backend read all up to @prod? Also true when there is nobody left who could. */
bool console_taken(uint32_t prod);

/** console_hypervisor_write() - The way around the ring: Xen's own console, where its build lets guests on it. */
void console_hypervisor_write(const char *buf, size_t len);

/** console_pending_move() - The ring is gone: kernel messages that wait for it go to the hypervisor's console. Upcalls off. */
void console_pending_move(void);

/** console_echo() - As console_write_atomic(), but without a notification, and what does not fit is dropped silently. */
void console_echo(const char *buf, size_t len);

#define TTY_LINE_BYTES 4096

/**
 * struct tty - The line discipline: a line being edited, or one (or raw bytes) waiting to be read.
 * @len:    Bytes in @line; @taken of them were read already.
 * @ready:  There is something to read; no input is accepted in canonical mode until it has been taken.
 * @emit:   Where echo goes; must not block.
 * @line:   TTY_LINE_BYTES bytes of the owner's.
 */
struct tty {
    bool canonical, echo, ready;
    size_t len, taken;
    void (*emit)(const char *buf, size_t len);
    char *line;
};

/** tty_wants_input() - Is there place for another byte? What is not wanted stays in the ring: that is the flow control. */
bool tty_wants_input(const struct tty *t);

/** tty_input() - One byte from the terminal; only when tty_wants_input(). */
void tty_input(struct tty *t, unsigned char c);

/** tty_take() - Up to @len of what is ready; 0 with @t->ready set before: end of file. */
size_t tty_take(struct tty *t, char *buf, size_t len);

/** tty_set_mode() - Switch; what was typed so far is kept, and readable at once in raw mode. */
void tty_set_mode(struct tty *t, bool canonical, bool echo);

#endif
