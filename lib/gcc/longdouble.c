// SPDX-License-Identifier: MIT
/*
 * Integers to and from the x87's long double, called by code that the compiler makes. Stands in for the
 * objects of Debian's libgcc.a that use the red zone.
 */
#include "gcc_priv.h"

/* Each half is exact in a 64-bit mantissa, so only the sum rounds. */
long double __floattixf(int128 n)
{
    return (long double)(int64_t)(n >> 64) * 0x1p64L + (long double)(uint64_t)n;
}

long double __floatuntixf(uint128 n)
{
    return (long double)(uint64_t)(n >> 64) * 0x1p64L + (long double)(uint64_t)n;
}

uint64_t __fixunsxfdi(long double x)
{
    if (x >= 0x1p63L) {
        return (uint64_t)(int64_t)(x - 0x1p63L) + (UINT64_C(1) << 63);
    }
    return (uint64_t)(int64_t)x;
}
