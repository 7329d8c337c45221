// SPDX-License-Identifier: MIT
/*
 * The host's stand-in for arch/hypercall.h: every hypercall goes to the function that the test
 * registered for its number by fake_hypercall_set().
 */
#ifndef XENOLITH_ARCH_HYPERCALL_H
#define XENOLITH_ARCH_HYPERCALL_H

#include <stdint.h>

#include <xenolith/compiler.h>
#include <xenolith/trace.h>

extern uint64_t hypercall_count;

long fake_hypercall(unsigned int nr, unsigned long a1, unsigned long a2, unsigned long a3, unsigned long a4);

static inline long hypercall4(unsigned int nr, unsigned long a1, unsigned long a2, unsigned long a3,
                              unsigned long a4)
{
    return fake_hypercall(nr, a1, a2, a3, a4);
}

#endif
