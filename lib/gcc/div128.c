// SPDX-License-Identifier: MIT
/*
 * Division of 128-bit integers, called by code that the compiler makes. Stands in for the objects of Debian's
 * libgcc.a that use the red zone. Signed division is libgcc's own; it needs only these.
 */
#include <stdint.h>

#include "gcc_priv.h"

/* (high:low) / divisor by the processor; the caller knows that high < divisor, so the quotient fits. */
static inline uint64_t divide_words(uint64_t high, uint64_t low, uint64_t divisor, uint64_t *rest)
{
    uint64_t quotient;

    __asm__("divq %[d]" : "=a"(quotient), "=d"(*rest) : "a"(low), "d"(high), [d] "r"(divisor) : "cc");
    return quotient;
}

static uint128 divide_by_word(uint128 n, uint64_t divisor, uint128 *rest)
{
    uint64_t high = (uint64_t)(n >> 64);
    uint64_t remainder;
    uint64_t low = divide_words(high % divisor, (uint64_t)n, divisor, &remainder);

    *rest = remainder;
    return (uint128)(high / divisor) << 64 | low;
}

/*
 * A divisor of more than 64 bits: its upper 64 significant bits give a quotient that is right or one too
 * large; taking one off and adding it again where it was right avoids the overflow of a test.
 */
static uint128 divide_by_two_words(uint128 n, uint128 divisor, uint128 *rest)
{
    unsigned int shift = (unsigned int)__builtin_clzll((uint64_t)(divisor >> 64));
    uint64_t upper = (uint64_t)(divisor << shift >> 64);
    uint64_t unused;
    uint64_t quotient = divide_words((uint64_t)(n >> 65), (uint64_t)(n >> 1), upper, &unused) >> (63 - shift);

    if (quotient != 0) {
        quotient--;
    }
    n -= divisor * quotient;
    if (n >= divisor) {
        n -= divisor;
        quotient++;
    }
    *rest = n;
    return quotient;
}

uint128 __udivmodti4(uint128 n, uint128 divisor, uint128 *rest)
{
    uint128 remainder;
    uint128 quotient = divisor >> 64 == 0 ? divide_by_word(n, (uint64_t)divisor, &remainder)
                                          : divide_by_two_words(n, divisor, &remainder);

    if (rest != 0) {
        *rest = remainder;
    }
    return quotient;
}

uint128 __umodti3(uint128 n, uint128 divisor)
{
    uint128 rest;

    (void)__udivmodti4(n, divisor, &rest);
    return rest;
}
