// SPDX-License-Identifier: MIT
/*
 * Ending the domain, by ourselves or when the toolstack asks. ABI: xen/sched.h, SHUTDOWN_*; control/shutdown.
 *
 * Threads are cooperative, so a request of the toolstack is answered once the program blocks or yields; one that
 * computes for minutes does not hear it.
 */
#ifndef XENOLITH_SHUTDOWN_H
#define XENOLITH_SHUTDOWN_H

#include <stdbool.h>

#include <xenolith/compiler.h>

/**
 * shutdown_exit() - Flush the console, leave @status where the toolstack can read it, power off.
 * The status goes to the xenstore node data/exit-status, in decimal; without xenstore, or when it does not answer within
 * a few seconds, the domain powers off without. Exit handlers and stdio are the C library's affair, before.
 * Context: threads.
 */
NORETURN void shutdown_exit(int status);

/** shutdown_now() - SCHEDOP_shutdown with @reason (SHUTDOWN_*), nothing else. Context: any. */
NORETURN void shutdown_now(unsigned int reason);

enum shutdown_request {
    SHUTDOWN_REQ_POWEROFF,
    SHUTDOWN_REQ_REBOOT,
    SHUTDOWN_REQ_HALT,
};

/**
 * shutdown_set_handler() - Have @fn called, in a thread of its own, when the toolstack asks by control/shutdown.
 * One call at a time; of the requests that come meanwhile the latest is kept. The request is acknowledged already; what
 * @fn makes of it is its affair. NULL, and at boot: run the exit function (shutdown_set_exit()), flush the console and end
 * the domain with the reason asked for.
 */
void shutdown_set_handler(void (*fn)(enum shutdown_request req));

/** shutdown_set_exit() - The C library's orderly end (atexit, stdio), called by the default handler. It returns. */
void shutdown_set_exit(void (*fn)(void));

/**
 * shutdown_ask() - Do as if the toolstack had asked: start the handler's thread and return.
 * Context: threads. Without memory for a thread it runs here.
 */
void shutdown_ask(enum shutdown_request req);

/**
 * control_start() - Watch control/shutdown in a thread. It costs nothing until main first blocks: only then it runs.
 * Context: once, from kernel_main(). Without memory, or without xenstore, nobody listens; that is said.
 */
void control_start(void);

#endif
