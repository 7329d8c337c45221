// SPDX-License-Identifier: MIT
/*
 * The last hypercall, and who is asked before it. Knows nothing of xenstore: xenbus/control.c listens there.
 * ABI: xen/sched.h, SCHEDOP_shutdown.
 */
#include <xenolith/shutdown.h>

#include <arch/cpu.h>

#include <xenolith/console.h>
#include <xenolith/hypercall.h>
#include <xenolith/printk.h>
#include <xenolith/sched.h>
#include <xenolith/trace.h>

static void (*user_handler)(enum shutdown_request req);
static void (*libc_exit)(void);

static bool handler_runs;
static bool request_waits;
static enum shutdown_request request; /* the latest, taken by the handler's thread */

NORETURN void shutdown_now(unsigned int reason)
{
    struct sched_shutdown arg = {.reason = reason};

    for (;;) {
        (void)HYPERVISOR_sched_op(SCHEDOP_shutdown, &arg);
        cpu_relax();
    }
}

void shutdown_set_handler(void (*fn)(enum shutdown_request req))
{
    user_handler = fn;
}

void shutdown_set_exit(void (*fn)(void))
{
    libc_exit = fn;
}

static void default_handler(enum shutdown_request req)
{
    if (libc_exit != NULL) {
        libc_exit();
    }
    trace_exit();
    console_flush();
    shutdown_now(req == SHUTDOWN_REQ_REBOOT ? SHUTDOWN_reboot : SHUTDOWN_poweroff);
}

static void handler_main(void *arg)
{
    (void)arg;
    while (request_waits) {
        request_waits = false;
        if (user_handler != NULL) {
            user_handler(request);
        } else {
            default_handler(request);
        }
    }
    handler_runs = false;
}

void shutdown_ask(enum shutdown_request req)
{
    struct thread *thread;

    request = req;
    request_waits = true;
    if (handler_runs) {
        return;
    }
    handler_runs = true;
    if (thread_create(&thread, "shutdown", handler_main, NULL, 0) == 0) {
        thread_detach(thread);
    } else {
        handler_main(NULL);
    }
}
