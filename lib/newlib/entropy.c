// SPDX-License-Identifier: MIT
/*
 * Random bytes from the processor's generator. A domain has no other source that one could trust with a key, so
 * without the instruction the call fails rather than invent something.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <arch/cpu.h>

#include "newlib_priv.h"

#define CPUID_1_ECX_RDRAND (1u << 30)

/* POSIX' limit of one call. */
#define GETENTROPY_MAX 256

/* The generator may run dry for a moment; the processor's manual says ten tries are plenty. */
#define TRIES 10

static bool has_generator(void)
{
    uint32_t out[4];

    cpu_cpuid(1, 0, out);
    return (out[2] & CPUID_1_ECX_RDRAND) != 0;
}

static bool draw(uint64_t *out)
{
    for (int i = 0; i < TRIES; i++) {
        bool good;

        __asm__ volatile("rdrand %0" : "=r"(*out), "=@ccc"(good));
        if (good) {
            return true;
        }
    }
    return false;
}

int getentropy(void *buf, size_t bytes)
{
    unsigned char *to = buf;

    if (bytes > GETENTROPY_MAX) {
        errno = EIO;
        return -1;
    }
    if (!has_generator()) {
        errno = ENOSYS;
        return -1;
    }
    while (bytes > 0) {
        uint64_t word;
        size_t part = bytes < sizeof(word) ? bytes : sizeof(word);

        if (!draw(&word)) {
            errno = EIO;
            return -1;
        }
        memcpy(to, &word, part);
        to += part;
        bytes -= part;
    }
    return 0;
}
