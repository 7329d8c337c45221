// SPDX-License-Identifier: MIT
/*
 * What POSIX asks of the one process there is: its number, its limits, its signals to itself.
 */
#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <xenolith/boot.h>
#include <xenolith/page.h>
#include <xenolith/panic.h>
#include <xenolith/printk.h>
#include <xenolith/sched.h>
#include <xenolith/vfs.h>

#include "newlib_priv.h"

#define OUR_PID 1

pid_t getpid(void)
{
    return OUR_PID;
}

pid_t getppid(void)
{
    return 0;
}

int sched_yield(void)
{
    thread_yield();
    return 0;
}

int getpagesize(void)
{
    return (int)PAGE_SIZE;
}

long sysconf(int name)
{
    switch (name) {
    case _SC_PAGESIZE:
        return (long)PAGE_SIZE;
    case _SC_PHYS_PAGES:
        return (long)boot_info.nr_pages;
    case _SC_NPROCESSORS_CONF:
    case _SC_NPROCESSORS_ONLN:
        return 1;
    case _SC_OPEN_MAX:
        return FD_LIMIT;
    case _SC_CLK_TCK:
        return CLOCKS_PER_SEC;
    case _SC_MONOTONIC_CLOCK:
        return _POSIX_MONOTONIC_CLOCK;
    default:
        errno = EINVAL;
        return -1;
    }
}

/* A failed assert is a crash with a dump; stdio may be in the middle of anything, so printk says it. */
void __assert_func(const char *file, int line, const char *function, const char *expression)
{
    pr_err("%s:%d: %s: assertion failed: %s\n", file, line, function != NULL ? function : "?", expression);
    kernel_abort();
}

static _sig_func_ptr handlers[NSIG];

_sig_func_ptr signal(int number, _sig_func_ptr handler)
{
    _sig_func_ptr old;

    if (number <= 0 || number >= NSIG || handler == SIG_ERR || number == SIGKILL || number == SIGSTOP) {
        errno = EINVAL;
        return SIG_ERR;
    }
    old = handlers[number];
    handlers[number] = handler;
    return old;
}

static bool is_ignored_by_default(int number)
{
    return number == SIGCHLD || number == SIGURG || number == SIGWINCH || number == SIGCONT;
}

/*
 * Runs the handler in the raising thread; it stays installed, as BSD and Linux do. By default a signal ends the
 * domain: those that tell of a bug with a crash, the others with the status a shell would give.
 */
int raise(int number)
{
    _sig_func_ptr handler;

    if (number <= 0 || number >= NSIG) {
        errno = EINVAL;
        return -1;
    }
    handler = handlers[number];
    if (handler == SIG_IGN || (handler == SIG_DFL && is_ignored_by_default(number))) {
        return 0;
    }
    if (handler == SIG_DFL) {
        if (number == SIGABRT || number == SIGSEGV || number == SIGBUS || number == SIGILL ||
            number == SIGFPE) {
            kernel_abort();
        }
        _exit(128 + number);
    }
    handler(number);
    return 0;
}

/* A handler may have the last word, but not the choice. */
void abort(void)
{
    if (handlers[SIGABRT] != SIG_DFL) {
        (void)raise(SIGABRT);
    }
    kernel_abort();
}

int kill(pid_t pid, int number)
{
    if (pid != OUR_PID && pid != 0 && pid != -1) {
        errno = ESRCH;
        return -1;
    }
    return number == 0 ? 0 : raise(number);
}
