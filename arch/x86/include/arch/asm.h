// SPDX-License-Identifier: MIT
/*
 * Words of our assembly files.
 */
#ifndef XENOLITH_ARCH_ASM_H
#define XENOLITH_ARCH_ASM_H

#define FUNC(name)                     \
    .section .text.name, "ax", @progbits; \
    .balign 16;                        \
    .globl name;                       \
    .type name, @function;             \
    name:

#define END_FUNC(name) .size name, . - name

#endif
