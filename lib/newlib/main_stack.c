// SPDX-License-Identifier: MIT
/*
 * How large main()'s stack is, and the thread that has it when the one of the boot is too small. Owns the word stack=SIZE and the link's
 * symbol xenolith_main_stack; the word goes before the symbol.
 */
#include "main_stack.h"

#include <errno.h>

#include <xenolith/boot.h>
#include <xenolith/panic.h>
#include <xenolith/sched.h>
#include <xenolith/time.h>

/* Absolute, from the linker's --defsym: its address is the number of bytes. */
extern char xenolith_main_stack[] WEAK;

static size_t asked_bytes;

/* A number of bytes, or with K or M behind it. */
static int set_stack(const char *value)
{
    size_t bytes = 0;

    for (; *value >= '0' && *value <= '9' && bytes <= UINT32_MAX; value++) {
        bytes = bytes * 10 + (size_t)(*value - '0');
    }
    if (*value == 'K' || *value == 'M') {
        bytes <<= *value++ == 'K' ? 10 : 20;
    }
    if (*value != '\0' || bytes < THREAD_STACK_BYTES || bytes / PAGE_SIZE > boot_info.nr_pages) {
        return -EINVAL;
    }
    asked_bytes = bytes;
    return 0;
}

BOOT_OPTION(stack, "stack", set_stack);

size_t main_stack_bytes(void)
{
    size_t linked = (size_t)xenolith_main_stack;

    return asked_bytes != 0 ? asked_bytes : linked > THREAD_STACK_BYTES ? linked : THREAD_STACK_BYTES;
}

void main_stack_run(void (*fn)(void *unused))
{
    struct thread *thread;

    if (main_stack_bytes() > THREAD_STACK_BYTES) {
        if (thread_create(&thread, "main", fn, NULL, main_stack_bytes()) != 0) {
            panic("no memory for main's stack of %zu bytes", main_stack_bytes());
        }
        thread_detach(thread);
        for (;;) {
            thread_sleep_until(TIME_FOREVER);
        }
    }
    fn(NULL);
}
