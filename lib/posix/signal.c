// SPDX-License-Identifier: MIT
/*
 * Signals: what the program sends to itself. They are delivered in the thread that raises them, at once, or once they are no longer
 * blocked; the mask is one for all threads. Nothing outside sends any, so no wait is ever interrupted. Owns actions, mask and what is pending.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <xenolith/panic.h>
#include <xenolith/time.h>
#include <xenolith/wait.h>

#include "../newlib/newlib_priv.h"

#define OUR_PID 1

static struct sigaction actions[NSIG];
static sigset_t blocked, pending;
static unsigned long nr_handled;
static struct wait_queue changes = WAIT_QUEUE_INIT(changes);

static sigset_t bit_of(int number)
{
    return 1UL << number;
}

static bool is_signal(int number)
{
    return number > 0 && number < NSIG;
}

static bool may_be_caught(int number)
{
    return is_signal(number) && number != SIGKILL && number != SIGSTOP;
}

static bool is_ignored(int number)
{
    _sig_func_ptr handler = actions[number].sa_handler;

    return handler == SIG_IGN || (handler == SIG_DFL && (number == SIGCHLD || number == SIGURG ||
                                                         number == SIGWINCH || number == SIGCONT));
}

/* By default a signal ends the domain: those that tell of a bug with a crash, the others with the status a shell would give. */
static void end_by(int number)
{
    if (number == SIGABRT || number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE) {
        kernel_abort();
    }
    _exit(128 + number);
}

static void deliver(int number, int code)
{
    struct sigaction action = actions[number];
    sigset_t before = blocked;

    if (is_ignored(number)) {
        return;
    }
    if (action.sa_handler == SIG_DFL) {
        end_by(number);
    }
    if ((action.sa_flags & (int)SA_RESETHAND) != 0) {
        actions[number].sa_handler = SIG_DFL;
    }
    blocked |= action.sa_mask | ((action.sa_flags & SA_NODEFER) != 0 ? 0 : bit_of(number));
    if ((action.sa_flags & SA_SIGINFO) != 0) {
        siginfo_t info = {.si_signo = number, .si_code = code, .si_pid = OUR_PID};

        action.sa_sigaction(number, &info, NULL);
    } else {
        action.sa_handler(number);
    }
    blocked = before;
    nr_handled++;
    wait_wake_all(&changes);
}

static void deliver_pending(void)
{
    while ((pending & ~blocked) != 0) {
        int number = __builtin_ctzl(pending & ~blocked);

        pending &= ~bit_of(number);
        deliver(number, SI_USER);
    }
}

/* What is ignored does not become pending, but for those who wait for it. */
static int send_signal(int number, int code)
{
    if (!is_signal(number)) {
        return -EINVAL;
    }
    if ((blocked & bit_of(number)) != 0) {
        pending |= bit_of(number);
        wait_wake_all(&changes);
    } else {
        deliver(number, code);
        deliver_pending();
    }
    return 0;
}

int raise(int number)
{
    return (int)libc_result(send_signal(number, SI_TKILL));
}

int kill(pid_t pid, int number)
{
    if (pid != OUR_PID && pid != 0 && pid != -1) {
        return (int)libc_result(-ESRCH);
    }
    return number == 0 ? 0 : (int)libc_result(send_signal(number, SI_USER));
}

int killpg(pid_t group, int number)
{
    return kill(group, number);
}

/* Every thread would run the same handler; the caller's does. */
int pthread_kill(pthread_t thread, int number)
{
    (void)thread;
    return number == 0 ? 0 : -send_signal(number, SI_TKILL);
}

/* A handler may have the last word, but not the choice. */
void abort(void)
{
    blocked &= ~bit_of(SIGABRT);
    if (actions[SIGABRT].sa_handler != SIG_DFL) {
        (void)raise(SIGABRT);
    }
    kernel_abort();
}

static void set_action(int number, const struct sigaction *action)
{
    actions[number] = *action;
    if (is_ignored(number)) {
        pending &= ~bit_of(number);
    }
}

int sigaction(int number, const struct sigaction *restrict action, struct sigaction *restrict old)
{
    if (!is_signal(number) || (action != NULL && !may_be_caught(number))) {
        return (int)libc_result(-EINVAL);
    }
    if (old != NULL) {
        *old = actions[number];
    }
    if (action != NULL) {
        set_action(number, action);
    }
    return 0;
}

/* The handler stays installed, as BSD and Linux have it. */
_sig_func_ptr signal(int number, _sig_func_ptr handler)
{
    struct sigaction action = {.sa_flags = SA_RESTART};
    _sig_func_ptr old;

    if (!may_be_caught(number) || handler == SIG_ERR) {
        errno = EINVAL;
        return SIG_ERR;
    }
    old = actions[number].sa_handler;
    action.sa_handler = handler;
    set_action(number, &action);
    return old;
}

int siginterrupt(int number, int flag)
{
    if (!may_be_caught(number)) {
        return (int)libc_result(-EINVAL);
    }
    if (flag != 0) {
        actions[number].sa_flags &= ~SA_RESTART;
    } else {
        actions[number].sa_flags |= SA_RESTART;
    }
    return 0;
}

int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    sigset_t before = blocked;

    if (set != NULL) {
        switch (how) {
        case SIG_BLOCK:
            blocked |= *set;
            break;
        case SIG_UNBLOCK:
            blocked &= ~*set;
            break;
        case SIG_SETMASK:
            blocked = *set;
            break;
        default:
            return EINVAL;
        }
        blocked &= ~(bit_of(SIGKILL) | bit_of(SIGSTOP));
    }
    if (old != NULL) {
        *old = before;
    }
    deliver_pending();
    return 0;
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    return (int)libc_result(-pthread_sigmask(how, set, old));
}

int sigpending(sigset_t *set)
{
    *set = pending;
    return 0;
}

int sigsuspend(const sigset_t *mask)
{
    sigset_t before = blocked;
    unsigned long handled = nr_handled;

    (void)pthread_sigmask(SIG_SETMASK, mask, NULL);
    wait_event(&changes, nr_handled != handled);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return (int)libc_result(-EINTR);
}

int pause(void)
{
    return sigsuspend(&blocked);
}

/* Takes one of @set as soon as it is pending. Its number; -EAGAIN. */
static int take_pending(const sigset_t *set, siginfo_t *info, uint64_t deadline_ns)
{
    int number;

    if (wait_event_until(&changes, (pending & *set) != 0, deadline_ns) != 0) {
        return -EAGAIN;
    }
    number = __builtin_ctzl(pending & *set);
    pending &= ~bit_of(number);
    if (info != NULL) {
        *info = (siginfo_t){.si_signo = number, .si_code = SI_USER, .si_pid = OUR_PID};
    }
    return number;
}

int sigwait(const sigset_t *set, int *number)
{
    *number = take_pending(set, NULL, TIME_FOREVER);
    return 0;
}

int sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
    return take_pending(set, info, TIME_FOREVER);
}

int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
    uint64_t ns = TIME_FOREVER;

    if (timeout != NULL && !libc_timespec_ns(timeout, &ns)) {
        return (int)libc_result(-EINVAL);
    }
    return (int)libc_result(take_pending(set, info, time_deadline_ns(ns)));
}
