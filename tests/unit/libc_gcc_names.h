// SPDX-License-Identifier: MIT
/*
 * Included ahead of lib/gcc when it is compiled for the host, so that the functions under test stand beside
 * the host compiler's own, with which they are compared.
 */
#ifndef LIBC_GCC_NAMES_H
#define LIBC_GCC_NAMES_H

#define __udivmodti4  own_udivmodti4
#define __umodti3     own_umodti3
#define __floattixf   own_floattixf
#define __floatuntixf own_floatuntixf
#define __fixunsxfdi  own_fixunsxfdi
#define __mulsc3      own_mulsc3
#define __divsc3      own_divsc3
#define __mulxc3      own_mulxc3
#define __divxc3      own_divxc3

#endif
