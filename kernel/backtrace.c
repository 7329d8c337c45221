// SPDX-License-Identifier: MIT
/*
 * Who called whom, by frame pointers (-fno-omit-frame-pointer). The chain may be broken or made of junk: each frame
 * is looked at only where a stack is known to lie.
 */
#include "panic_priv.h"

#include <xenolith/sched.h>

#define MAX_STACK_CHANGES 3 /* a fault in an upcall that interrupted a thread */

static bool between(uintptr_t addr, size_t bytes, const char *low, const char *high)
{
    return addr >= (uintptr_t)low && addr < (uintptr_t)high && bytes <= (uintptr_t)high - addr;
}

bool text_holds(uintptr_t addr, size_t bytes)
{
    return between(addr, bytes, __text_start, __text_end);
}

bool stack_holds(uintptr_t addr, size_t bytes)
{
    const struct thread *t = thread_current();
    bool guard = false;

    if (bytes == 0 || addr + bytes < addr) {
        return false;
    }
    if (between(addr, bytes, boot_stack, boot_stack_top) ||
        between(addr, bytes, upcall_stack, upcall_stack_top) ||
        between(addr, bytes, fault_stack, fault_stack_top)) {
        return true;
    }
    return t != NULL && thread_stack_contains(t, addr, &guard) && !guard &&
           thread_stack_contains(t, addr + bytes - 1, &guard) && !guard;
}

unsigned int backtrace_walk(uintptr_t rbp, uintptr_t *out, unsigned int max)
{
    unsigned int nr = 0, changes = 0;

    while (nr < max && rbp % sizeof(uintptr_t) == 0 && stack_holds(rbp, 2 * sizeof(uintptr_t))) {
        const uintptr_t *frame = (const uintptr_t *)rbp;
        uintptr_t next = frame[0];

        if (!text_holds(frame[1], 1)) {
            break;
        }
        out[nr++] = frame[1];
        /* A caller's frame lies higher on the same stack; anything else is another stack, or junk that could go in circles. */
        if (next <= rbp && ++changes > MAX_STACK_CHANGES) {
            break;
        }
        rbp = next;
    }
    return nr;
}
