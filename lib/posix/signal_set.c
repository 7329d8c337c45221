// SPDX-License-Identifier: MIT
/*
 * Sets of signals, and the alternative stack that no handler needs: a bit a signal, by its number.
 */
#include <errno.h>
#include <signal.h>

static int is_no_signal(int number)
{
    if (number > 0 && number < NSIG) {
        return 0;
    }
    errno = EINVAL;
    return -1;
}

int sigemptyset(sigset_t *set)
{
    *set = 0;
    return 0;
}

int sigfillset(sigset_t *set)
{
    *set = ((1UL << (NSIG - 1)) - 1) << 1;
    return 0;
}

int sigaddset(sigset_t *set, int number)
{
    if (is_no_signal(number)) {
        return -1;
    }
    *set |= 1UL << number;
    return 0;
}

int sigdelset(sigset_t *set, int number)
{
    if (is_no_signal(number)) {
        return -1;
    }
    *set &= ~(1UL << number);
    return 0;
}

int sigismember(const sigset_t *set, int number)
{
    if (is_no_signal(number)) {
        return -1;
    }
    return (int)(*set >> number & 1);
}

/* Handlers run where they are raised, which is never on a stack that has run out. */
int sigaltstack(const stack_t *restrict stack, stack_t *restrict old)
{
    static stack_t current = {.ss_flags = SS_DISABLE};

    if (stack != NULL && (stack->ss_flags & ~(SS_DISABLE | SS_ONSTACK)) != 0) {
        errno = EINVAL;
        return -1;
    }
    if (old != NULL) {
        *old = current;
    }
    if (stack != NULL) {
        current = *stack;
    }
    return 0;
}
