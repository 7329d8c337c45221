// SPDX-License-Identifier: MIT
/*
 * A stream's own lock, for who makes several calls of one: newlib has it, and no calls for it. Owns no state.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/lock.h>

void flockfile(FILE *f)
{
    __lock_acquire_recursive(f->_lock);
}

int ftrylockfile(FILE *f)
{
    return __lock_try_acquire_recursive(f->_lock) != 0 ? 0 : -1;
}

void funlockfile(FILE *f)
{
    __lock_release_recursive(f->_lock);
}
