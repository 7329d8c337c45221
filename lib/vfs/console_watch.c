// SPDX-License-Identifier: MIT
/*
 * Tells the watches of the console's file of input. Upcalls must not call them, so a small thread does; it exists from the first watch
 * until input comes that nobody watches for. Never reads input itself.
 */
#include "console_watch.h"

#include <xenolith/console.h>
#include <xenolith/printk.h>
#include <xenolith/sched.h>
#include <xenolith/types.h>
#include <xenolith/vfs.h>
#include <xenolith/wait.h>

/* With the guard page four pages, which is a block. */
#define STACK_BYTES (3 * PAGE_SIZE)

static bool running;

/* Each arrival is told, also one behind input that is still unread: that is what an edge is. */
static void watch_input(void *arg)
{
    struct wait_queue *arrivals = console_input_waiters();
    bool told = false;

    (void)arg;
    while (!list_is_empty(&console_file.watches)) {
        struct waiter waiter;

        wait_prepare(arrivals, &waiter);
        if (told || !console_input_ready()) {
            (void)wait_block(TIME_FOREVER);
        }
        wait_finish(&waiter);
        told = console_input_ready();
        if (told) {
            file_notify(&console_file, FILE_CAN_READ);
        }
    }
    running = false;
}

void console_watched(void)
{
    struct thread *thread;

    if (running) {
        return;
    }
    if (thread_create(&thread, "console-watch", watch_input, NULL, STACK_BYTES) != 0) {
        pr_warn("console: no memory to watch the input\n");
        return;
    }
    thread_detach(thread);
    running = true;
}
