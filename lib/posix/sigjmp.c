// SPDX-License-Identifier: MIT
/*
 * Jumps that restore the mask of signals, over newlib's that do not.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

void __sigjmp_save(sigjmp_buf env, int save)
{
    env->__has_mask = save;
    if (save != 0) {
        (void)sigprocmask(SIG_SETMASK, NULL, &env->__mask);
    }
}

void siglongjmp(sigjmp_buf env, int value)
{
    if (env->__has_mask != 0) {
        (void)sigprocmask(SIG_SETMASK, &env->__mask, NULL);
    }
    longjmp(env->__place, value);
}
