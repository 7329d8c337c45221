// SPDX-License-Identifier: MIT
/*
 * What the compiler calls and expects of us, as GCC's internals manual ("The GCC low-level runtime
 * library") names it.
 */
#ifndef GCC_PRIV_H
#define GCC_PRIV_H

#include <stdint.h>

typedef __int128 int128;
typedef unsigned __int128 uint128;

uint128 __udivmodti4(uint128 n, uint128 divisor, uint128 *rest);
uint128 __umodti3(uint128 n, uint128 divisor);

long double __floattixf(int128 n);
long double __floatuntixf(uint128 n);
uint64_t __fixunsxfdi(long double x);

_Complex float __mulsc3(float a, float b, float c, float d);
_Complex float __divsc3(float a, float b, float c, float d);
_Complex long double __mulxc3(long double a, long double b, long double c, long double d);
_Complex long double __divxc3(long double a, long double b, long double c, long double d);

#endif
