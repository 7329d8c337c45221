// SPDX-License-Identifier: MIT
/*
 * The processor's generator of random numbers: RDSEED, which is the noise itself, and where that is missing RDRAND, which
 * is a generator seeded by it.
 */
#include <arch/cpu.h>

#define CPUID_1_ECX_RDRAND (1u << 30)
#define CPUID_7_EBX_RDSEED (1u << 18)

/* It may run dry for a moment: the manual says ten tries for RDRAND; RDSEED's noise comes more slowly. */
#define RDRAND_TRIES 10
#define RDSEED_TRIES 100

enum generator {
    UNKNOWN,
    NONE,
    RDRAND,
    RDSEED,
};

static enum generator find_generator(void)
{
    uint32_t out[4];
    enum generator best = NONE;
    uint32_t leaves;

    cpu_cpuid(0, 0, out);
    leaves = out[0];
    cpu_cpuid(1, 0, out);
    if ((out[2] & CPUID_1_ECX_RDRAND) != 0) {
        best = RDRAND;
    }
    if (leaves >= 7) {
        cpu_cpuid(7, 0, out);
        if ((out[1] & CPUID_7_EBX_RDSEED) != 0) {
            best = RDSEED;
        }
    }
    return best;
}

bool cpu_random(uint64_t *out)
{
    static enum generator generator;
    bool good = false;

    if (generator == UNKNOWN) {
        generator = find_generator();
    }
    for (int i = 0; generator == RDSEED && i < RDSEED_TRIES && !good; i++) {
        __asm__ volatile("rdseed %0" : "=r"(*out), "=@ccc"(good));
    }
    for (int i = 0; generator == RDRAND && i < RDRAND_TRIES && !good; i++) {
        __asm__ volatile("rdrand %0" : "=r"(*out), "=@ccc"(good));
    }
    return good;
}
