// SPDX-License-Identifier: MIT
/*
 * The boot order of what both modes share, one line a step. Everything that talks to another domain waits
 * until somebody needs it.
 */
#include <xenolith/init.h>

#include <arch/cpu.h>
#include <arch/irq.h>

#include <xenolith/boot.h>
#include <xenolith/console.h>
#include <xenolith/errno.h>
#include <xenolith/events.h>
#include <xenolith/hypercall.h>
#include <xenolith/printk.h>
#include <xenolith/sched.h>
#include <xenolith/shutdown.h>
#include <xenolith/string.h>
#include <xenolith/time.h>

extern char boot_stack[], boot_stack_top[];

static bool want_boot_time, stop_at_main;

/* `boottime` says the figure; `boottime=stop` also ends the domain there, so that a trace of Xen's holds the boot alone. */
static int set_boot_time(const char *value)
{
    want_boot_time = value[0] == '\0';
    stop_at_main = strcmp(value, "stop") == 0;
    return want_boot_time || stop_at_main ? 0 : -EINVAL;
}

BOOT_OPTION(boottime, "boottime", set_boot_time);

void boot_main_reached(void)
{
    uint64_t main_tsc = cpu_tsc(), ns;

    if (LIKELY(!want_boot_time)) {
        if (stop_at_main) {
            shutdown_now(SHUTDOWN_poweroff);
        }
        return;
    }
    ns = time_tsc_to_ns(main_tsc) - time_tsc_to_ns(boot_info.first_tsc);
    printk(LOG_ERR, "boottime: mode=%s first_tsc=%lu main_tsc=%lu ns=%lu hypercalls=%lu upcalls=%lu\n",
           boot_is_pv() ? "pv" : "pvh", (unsigned long)boot_info.first_tsc, (unsigned long)main_tsc,
           (unsigned long)ns, (unsigned long)hypercall_count, (unsigned long)evtchn_stats.upcalls);
}

NORETURN void kernel_main(void)
{
    evtchn_init();                          /* every port masked */
    time_init();                            /* clock readable, alarm bound */
    sched_init(boot_stack, boot_stack_top); /* we are the thread "main" from here on */
    console_init();                         /* output goes to the ring */
    boot_options_apply();                   /* loglevel=, trace=, ... */
    upcall_enable();                        /* events may come */
    control_start();                        /* control/shutdown will be watched when main first blocks */
    libc_start(boot_info.cmdline);          /* constructors, main(), exit() */
}
