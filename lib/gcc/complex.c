// SPDX-License-Identifier: MIT
/*
 * Multiplication and division of complex numbers, with the infinities of ISO C annex G, called by code that
 * the compiler makes. Stands in for the objects of Debian's libgcc.a that use the red zone.
 */
#include <stdbool.h>

#include "gcc_priv.h"

#define INFINITE   __builtin_inf()
#define IS_INF(x)  __builtin_isinf(x)
#define IS_NAN(x)  __builtin_isnan(x)
#define IS_REAL(x) __builtin_isfinite(x)

/* The steps of annex G on a whole number: "box" an infinity to 1 with its sign, a finite value to 0; turn a
 * NaN to a signed 0. */
#define BOX(type, x)  ((type)__builtin_copysignl(IS_INF(x) ? 1 : 0, (x)))
#define CALM(type, x) (IS_NAN(x) ? (type)__builtin_copysignl(0, (x)) : (x))

#define DEFINE_MULTIPLY(name, type)                                                           \
    _Complex type name(type a, type b, type c, type d)                                        \
    {                                                                                         \
        type ac = a * c, bd = b * d, ad = a * d, bc = b * c;                                  \
        type x = ac - bd, y = ad + bc;                                                        \
                                                                                              \
        if (IS_NAN(x) && IS_NAN(y)) {                                                         \
            bool left = IS_INF(a) || IS_INF(b);                                               \
            bool right = IS_INF(c) || IS_INF(d);                                              \
            bool product = IS_INF(ac) || IS_INF(bd) || IS_INF(ad) || IS_INF(bc);              \
                                                                                              \
            if (left) {                                                                       \
                a = BOX(type, a), b = BOX(type, b), c = CALM(type, c), d = CALM(type, d);     \
            }                                                                                 \
            if (right) {                                                                      \
                c = BOX(type, c), d = BOX(type, d), a = CALM(type, a), b = CALM(type, b);     \
            }                                                                                 \
            if (!left && !right && product) {                                                 \
                a = CALM(type, a), b = CALM(type, b), c = CALM(type, c), d = CALM(type, d);   \
            }                                                                                 \
            if (left || right || product) {                                                   \
                x = (type)INFINITE * (a * c - b * d);                                         \
                y = (type)INFINITE * (a * d + b * c);                                         \
            }                                                                                 \
        }                                                                                     \
        return make_##name(x, y);                                                             \
    }

#define DEFINE_RECOVER(name, type)                                                            \
    static _Complex type recover_##name(type a, type b, type c, type d, type x, type y)       \
    {                                                                                         \
        if (IS_NAN(x) && IS_NAN(y)) {                                                         \
            if (c == 0 && d == 0 && (!IS_NAN(a) || !IS_NAN(b))) {                             \
                x = (type)__builtin_copysignl(INFINITE, c) * a;                               \
                y = (type)__builtin_copysignl(INFINITE, c) * b;                               \
            } else if ((IS_INF(a) || IS_INF(b)) && IS_REAL(c) && IS_REAL(d)) {                \
                a = BOX(type, a), b = BOX(type, b);                                           \
                x = (type)INFINITE * (a * c + b * d);                                         \
                y = (type)INFINITE * (b * c - a * d);                                         \
            } else if ((IS_INF(c) || IS_INF(d)) && IS_REAL(a) && IS_REAL(b)) {                \
                c = BOX(type, c), d = BOX(type, d);                                           \
                x = 0 * (a * c + b * d);                                                      \
                y = 0 * (b * c - a * d);                                                      \
            }                                                                                 \
        }                                                                                     \
        return make_##name(x, y);                                                             \
    }

#define DEFINE_MAKE(name, type)                                                               \
    static inline _Complex type make_##name(type x, type y)                                   \
    {                                                                                         \
        _Complex type z;                                                                      \
                                                                                              \
        __real__ z = x;                                                                       \
        __imag__ z = y;                                                                       \
        return z;                                                                             \
    }

DEFINE_MAKE(__mulsc3, float)
DEFINE_MULTIPLY(__mulsc3, float)
DEFINE_MAKE(__mulxc3, long double)
DEFINE_MULTIPLY(__mulxc3, long double)

/* A double holds the square of any float, so nothing overflows on the way. */
DEFINE_MAKE(__divsc3, float)
DEFINE_RECOVER(__divsc3, float)
_Complex float __divsc3(float a, float b, float c, float d)
{
    double denominator = (double)c * c + (double)d * d;
    float x = (float)(((double)a * c + (double)b * d) / denominator);
    float y = (float)(((double)b * c - (double)a * d) / denominator);

    return recover___divsc3(a, b, c, d, x, y);
}

/* There is no wider type: divide by the larger part first (Smith's method). */
DEFINE_MAKE(__divxc3, long double)
DEFINE_RECOVER(__divxc3, long double)
_Complex long double __divxc3(long double a, long double b, long double c, long double d)
{
    long double x, y;

    if (__builtin_fabsl(c) < __builtin_fabsl(d)) {
        long double ratio = c / d;
        long double denominator = c * ratio + d;

        x = (a * ratio + b) / denominator;
        y = (b * ratio - a) / denominator;
    } else {
        long double ratio = d / c;
        long double denominator = d * ratio + c;

        x = (b * ratio + a) / denominator;
        y = (b - a * ratio) / denominator;
    }
    return recover___divxc3(a, b, c, d, x, y);
}
