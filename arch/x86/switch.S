// SPDX-License-Identifier: MIT
/*
 * The switch between threads.
 *
 *   the stack of a thread that does not run, from its saved sp upwards:
 *      +0  mxcsr (4), x87 control word (4)
 *      +8  r15 r14 r13 r12 rbx rbp
 *      +56 return address
 */
#include <arch/asm.h>

/* void arch_context_switch(struct arch_context *from, struct arch_context *to) */
FUNC(arch_context_switch)
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $8, %rsp
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)
    movq (%rsi), %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    addq $8, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
END_FUNC(arch_context_switch)

/*
 * A new thread's first return lands here: rbx holds its body. The frame chain ends in 0, and so does the stack:
 * arch_context_init() has put a return address of 0 there, which leaves rsp as a called function expects it.
 */
FUNC(arch_context_start)
    xorl %ebp, %ebp
    jmp *%rbx
END_FUNC(arch_context_start)

    .section .note.GNU-stack, "", @progbits
