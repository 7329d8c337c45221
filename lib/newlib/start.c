// SPDX-License-Identifier: MIT
/*
 * From the kernel to main() and from exit() back: arguments, environment, constructors, destructors. The
 * linker script lays out the arrays of constructors.
 */
#include <reent.h>
#include <stdlib.h>
#include <unistd.h>

#include <xenolith/boot.h>
#include <xenolith/heap.h>
#include <xenolith/init.h>
#include <xenolith/panic.h>
#include <xenolith/sched.h>
#include <xenolith/shutdown.h>

#include "cmdline.h"
#include "main_stack.h"
#include "newlib_priv.h"

typedef void initializer(void);

extern initializer *__preinit_array_start[], *__preinit_array_end[];
extern initializer *__init_array_start[], *__init_array_end[];
extern initializer *__fini_array_start[], *__fini_array_end[];

extern int main(int argc, char **argv, char **envp);
extern char **environ;
void __call_exitprocs(int status, void *dso);

/** xenolith_program_name - argv[0]; a program may define its own. */
char xenolith_program_name[] WEAK = "xenolith";

/** disk_end_begin() - lib/fs: from now on a disk without a backend is waited for no longer than some time. Not in every image. */
void disk_end_begin(void) WEAK;

/** disk_end_all() - lib/fs: what was written reaches the disks, which are marked as clean. Not in every image. */
void disk_end_all(void) WEAK;

static void end_disks(void)
{
    if (disk_end_all != NULL) {
        disk_end_all();
    }
}

/* Registered first, hence run last of all exit handlers and right before stdio flushes. */
static void run_destructors(void)
{
    for (initializer **f = __fini_array_end; f > __fini_array_start; f--) {
        f[-1]();
    }
    libc_locks_yield();
}

/*
 * Exit handlers and stdio's last flush, once. Whoever comes second (another thread's exit(), or the toolstack's
 * shutdown beside main's return) waits for the end that the first one brings; a handler that calls exit() goes on.
 */
static void end_orderly(void)
{
    static struct thread *ending;

    if (ending == NULL) {
        ending = thread_current();
    }
    while (ending != thread_current()) {
        thread_sleep_until(TIME_FOREVER);
    }
    if (disk_end_begin != NULL) {
        disk_end_begin();
    }
    __call_exitprocs(0, NULL);
    if (__stdio_exit_handler != NULL) {
        __stdio_exit_handler();
    }
    end_disks();
}

void exit(int status)
{
    end_orderly();
    _exit(status);
}

static void reclaim_thread(void)
{
    _reclaim_reent(_REENT);
}

THREAD_EXIT_HOOK(newlib, reclaim_thread);

static struct cmdline cmdline;

static void run_program(void *unused)
{
    (void)unused;
    for (initializer **f = __preinit_array_start; f < __preinit_array_end; f++) {
        (*f)();
    }
    for (initializer **f = __init_array_start; f < __init_array_end; f++) {
        (*f)();
    }
    boot_main_reached();
    exit(main(cmdline.argc, cmdline.argv, cmdline.envp));
}

NORETURN void libc_start(const char *text)
{
    void *block = heap_alloc(cmdline_block_bytes(text));

    if (block == NULL) {
        panic("no memory for the program's arguments");
    }
    cmdline_parse(text, xenolith_program_name, boot_option_is_known, block, &cmdline);
    environ = cmdline.envp;
    if (atexit(run_destructors) != 0) {
        panic("no memory for the program's destructors");
    }
    shutdown_set_exit(end_orderly);
    main_stack_run(run_program);
    __builtin_unreachable();
}

void _exit(int status)
{
    end_disks();
    shutdown_exit(status);
}
