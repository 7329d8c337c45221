// SPDX-License-Identifier: MIT
/*
 * The PV console: stdin with a line discipline, stdout, and the hypervisor's console before the ring is up.
 * ABI: xen/io/console.h, struct xencons_interface; CONSOLEIO_write.
 */
#ifndef XENOLITH_CONSOLE_H
#define XENOLITH_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

struct wait_queue;

/** console_init() - Take over the ring page found at boot; without one the hypervisor's console stays. Once, no blocking. */
void console_init(void);

/**
 * console_write() - Put out @len bytes, '\n' as '\r\n' where the terminal wants it.
 * Blocks while the ring is full until the backend makes room; nothing is lost. What other threads write comes before
 * or after, never between; the kernel's own messages come at the ends of lines.
 * Context: threads. Return: @len.
 */
long console_write(const void *buf, size_t len);

/**
 * console_write_atomic() - For printk and panic: from any context, never blocks; what the ring cannot take
 * now is kept in order for later in a bounded buffer, and what overflows that is counted and said.
 */
void console_write_atomic(const void *buf, size_t len);

/**
 * console_read() - Up to one line (canonical mode: echo, erase, kill, ^D) or what is there (raw mode).
 * Context: threads, blocks until there is something. Return: bytes; 0 at end of file (^D on an empty line, or no
 * console at all); -EIO when the backend broke the ring.
 */
long console_read(void *buf, size_t len);

/** console_input_ready() - Would console_read() return at once? Context: any. */
bool console_input_ready(void);

/** console_input_waiters() - Woken whenever console_input_ready() may have become true. For poll() and select(). */
struct wait_queue *console_input_waiters(void);

/**
 * console_flush() - Block until the backend has taken all output, for at most 10 s: one that never does
 * must not keep the domain alive. Context: threads. For exit.
 */
void console_flush(void);

/**
 * console_panic() - The end is near: from now on console_write_atomic() waits for room by polling Xen, for at most 5 s
 * altogether, and takes the ring found at boot even before console_init(). Upcalls are off and stay off. Context: any.
 */
void console_panic(void);

/** console_flush_polled() - Wait by polling, within those 5 s, until the backend has all. After console_panic(). Context: any. */
void console_flush_polled(void);

/** console_set_mode() - Line discipline switches, for termios: lines with editing, or bytes as they come; echo or none. */
void console_set_mode(bool canonical, bool echo);

/** console_set_crlf() - Put out '\n' as '\r\n' (at boot: yes), for termios' ONLCR. */
void console_set_crlf(bool on);

#endif
