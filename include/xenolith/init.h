// SPDX-License-Identifier: MIT
/*
 * The two hand-overs of the boot: from the mode's setup to the kernel, and on to the program's side.
 */
#ifndef XENOLITH_INIT_H
#define XENOLITH_INIT_H

#include <xenolith/compiler.h>

/** kernel_main() - The boot after arch/x86's part: on the boot stack, upcalls off, RAM handed over. */
NORETURN void kernel_main(void);

/**
 * libc_start() - The C library's entry (lib/newlib): argv from @cmdline, constructors, main(), exit().
 * Context: the thread "main", upcalls on. An image without a C library defines its own.
 */
NORETURN void libc_start(const char *cmdline);

/**
 * boot_main_reached() - The boot ends here: called right before main(), by whoever calls main().
 * Says the figures when `boottime` asked for them; ends the domain when `boottime=stop` did.
 */
void boot_main_reached(void);

#endif
