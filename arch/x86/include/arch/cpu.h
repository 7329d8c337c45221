// SPDX-License-Identifier: MIT
/*
 * Single instructions of x86_64 with names.
 */
#ifndef XENOLITH_ARCH_CPU_H
#define XENOLITH_ARCH_CPU_H

#include <stdbool.h>
#include <stdint.h>

/** cpu_tsc() - The time stamp counter, not ordered against other instructions. */
static inline uint64_t cpu_tsc(void)
{
    uint32_t lo, hi;

    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return ((uint64_t)hi << 32) | lo;
}

/** cpu_relax() - In a loop that waits for another processor. */
static inline void cpu_relax(void)
{
    __builtin_ia32_pause();
}

/* Orders as seen by other processors: x86 keeps loads with loads and stores with stores. */
#define smp_mb()  __asm__ volatile("lock; addl $0, (%%rsp)" ::: "memory", "cc")
#define smp_rmb() __asm__ volatile("" ::: "memory")
#define smp_wmb() __asm__ volatile("" ::: "memory")

static inline void cpu_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "0"(leaf), "2"(subleaf));
}

/** cpu_random() - 64 bits of the processor's own generator. False: it has none, or it ran dry. */
bool cpu_random(uint64_t *out);

#endif
