// SPDX-License-Identifier: MIT
/*
 * What lib/vfs needs of the console and the processor, for tests that are about neither. Included by one file of a program.
 */
#ifndef VFS_FIXTURE_H
#define VFS_FIXTURE_H

#include <string.h>

#include <arch/cpu.h>

#include <xenolith/console.h>

#include "../../lib/vfs/console_watch.h"

void console_watched(void)
{
}

long console_write(const void *buf, size_t bytes)
{
    (void)buf;
    return (long)bytes;
}

long console_read(void *buf, size_t bytes)
{
    memset(buf, 'i', bytes);
    return (long)bytes;
}

bool console_input_ready(void)
{
    return true;
}

bool cpu_random(uint64_t *out)
{
    static uint64_t state = 1;

    state = state * 6364136223846793005u + 1442695040888963407u;
    *out = state;
    return true;
}

#endif
