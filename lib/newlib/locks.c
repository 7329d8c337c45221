// SPDX-License-Identifier: MIT
/*
 * newlib's locks are the kernel's mutexes. The static ones are newlib's by name; stdio makes one for each
 * open stream.
 */
#include <stdlib.h>
#include <sys/lock.h>

#include <xenolith/sync.h>

#include "newlib_priv.h"

struct __lock {
    struct mutex mutex;
};

#define DEFINE_LOCK(name)        \
    extern struct __lock name;   \
    struct __lock name = {MUTEX_INIT(name.mutex)}

DEFINE_LOCK(__lock___sfp_recursive_mutex);
DEFINE_LOCK(__lock___atexit_recursive_mutex);
DEFINE_LOCK(__lock___at_quick_exit_mutex);
DEFINE_LOCK(__lock___malloc_recursive_mutex);
DEFINE_LOCK(__lock___env_recursive_mutex);
DEFINE_LOCK(__lock___tz_mutex);
DEFINE_LOCK(__lock___dd_hash_mutex);
DEFINE_LOCK(__lock___arc4random_mutex);

static struct __lock shared_lock = {MUTEX_INIT(shared_lock.mutex)};
static bool yielding;

/*
 * At the end of the program a stream may be locked by a thread that blocks in it (reading the console, say) and
 * will never let go. Threads are cooperative, so the stream is in order and can be flushed without its lock. It is closed
 * as well: the lock stays, for the one that still has it, or comes for it.
 */
void libc_locks_yield(void)
{
    yielding = true;
}

/*
 * newlib cannot be told that there is no memory for a lock. Streams opened without it share one: they exclude
 * each other more than they need to, and nothing breaks.
 */
void __retarget_lock_init(_LOCK_T *lock)
{
    struct __lock *l = malloc(sizeof(*l));

    if (l == NULL) {
        *lock = &shared_lock;
        return;
    }
    mutex_init(&l->mutex);
    *lock = l;
}

void __retarget_lock_init_recursive(_LOCK_T *lock)
{
    __retarget_lock_init(lock);
}

void __retarget_lock_close(_LOCK_T lock)
{
    if (lock != &shared_lock && !yielding) {
        free(lock);
    }
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
    __retarget_lock_close(lock);
}

void __retarget_lock_acquire(_LOCK_T lock)
{
    __retarget_lock_acquire_recursive(lock);
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
    if (!mutex_trylock_recursive(&lock->mutex) && !yielding) {
        mutex_lock_recursive(&lock->mutex);
    }
}

int __retarget_lock_try_acquire(_LOCK_T lock)
{
    return mutex_trylock(&lock->mutex) ? 1 : 0;
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
    return mutex_trylock_recursive(&lock->mutex) ? 1 : 0;
}

void __retarget_lock_release(_LOCK_T lock)
{
    __retarget_lock_release_recursive(lock);
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
    if (mutex_is_mine(&lock->mutex)) {
        mutex_unlock(&lock->mutex);
    }
}
