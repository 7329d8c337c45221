// SPDX-License-Identifier: MIT
/*
 * The host's stand-in for arch/cpu.h: the same names for a process under test.
 */
#ifndef XENOLITH_ARCH_CPU_H
#define XENOLITH_ARCH_CPU_H

#include <stdbool.h>
#include <stdint.h>

/** cpu_random() - Whoever tests what uses it brings one. */
bool cpu_random(uint64_t *out);

uint64_t fake_tsc(void);

/** cpu_tsc() - The real time stamp counter, unless the test has its own; never used for the fake clock. */
static inline uint64_t cpu_tsc(void)
{
    return fake_tsc();
}

static inline void cpu_relax(void)
{
    __builtin_ia32_pause();
}

/*
 * Full barriers for the compiler and, where a test uses host threads as the other domain, the
 * processor.
 */
#define smp_mb()  __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)

#endif
