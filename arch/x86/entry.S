// SPDX-License-Identifier: MIT
/*
 * The ways into the kernel: exceptions and upcalls, for both modes; the hypercall page; the stacks.
 *
 * The frame that C sees as struct cpu_regs (offsets from REGS_*, generated from C):
 *
 *      ss rsp rflags cs rip     pushed by the processor (PVH) or by Xen (PV)
 *      error_code vector        pushed by the processor or the stub
 *      rdi ... r15              pushed here
 *
 * PV: Xen pushes rcx and r11 on top of that, because SYSRET loses them. The kernel runs in ring 3, and a
 * frame pushed for it has RPL 0 in cs and ss, which iretq must see as 3.
 *
 * Upcalls run on their own stack with upcalls off, so they never nest and threads' stacks stay small.
 * All C below here is compiled without SSE and x87, so that state needs no saving.
 */
#include <arch/asm.h>
#include <arch/offsets.h>

/* The page that Xen fills with the ways into itself: PV by the ELF note, PVH by an MSR. */
    .section .hypercall_page, "ax", @nobits
    .balign 4096
    .globl hypercall_page
hypercall_page:
    .skip 4096

/* Stacks grow down into an unmapped page. */
.macro stack name, bytes
    .globl \name\()_guard, \name, \name\()_top
\name\()_guard:
    .skip 4096
\name:
    .skip \bytes
\name\()_top:
.endm

    .section .bss_stacks, "aw", @nobits
    .balign 4096
    stack boot_stack, BOOT_STACK_BYTES
    stack upcall_stack, 8192
    stack fault_stack, 8192

.macro save_regs
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %rax
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    cld
.endm

/* Leaves rsp at rip, cs, rflags, rsp, ss. */
.macro restore_regs
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rax
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi
    addq $16, %rsp
.endm

/* Does the processor push an error code for this vector? */
#define HAS_ERROR_CODE(v) ((v) == 8 || ((v) >= 10 && (v) <= 14) || (v) == 17 || (v) == 21 || (v) == 29 || (v) == 30)

    .section .text.trap_entries, "ax", @progbits
    .balign 16
    .globl pvh_trap_entries
pvh_trap_entries:
    .set vector, 0
    .rept 32
    .balign 16
    .if !(HAS_ERROR_CODE(vector))
    pushq $0
    .endif
    pushq $vector
    jmp trap_common
    .set vector, vector + 1
    .endr

    .balign 16
    .globl pv_trap_entries
pv_trap_entries:
    .set vector, 0
    .rept 32
    .balign 16
    popq %rcx
    popq %r11
    .if !(HAS_ERROR_CODE(vector))
    pushq $0
    .endif
    pushq $vector
    jmp trap_common
    .set vector, vector + 1
    .endr

/* Exceptions stay on the stack where they happened (PVH: double fault and NMI on fault_stack by IST). */
FUNC(trap_common)
    save_regs
    movq %rsp, %rdi
    movq %rsp, %rbx
    andq $-16, %rsp
    call trap_handle
    movq %rbx, %rsp
    restore_regs
    cmpl $BOOT_MODE_PV, boot_info + BOOT_INFO_mode(%rip)
    jne 1f
    orb $3, 8(%rsp)
    orb $3, 32(%rsp)
1:  iretq
END_FUNC(trap_common)

/*
 * sti holds interrupts off until hlt has begun, so what is pending ends the halt. Under emulation that shadow is
 * now and then lost on the way through Xen, and the upcall comes between the two: see pvh_upcall.
 */
FUNC(pvh_idle)
    sti
    .globl pvh_idle_halt
pvh_idle_halt:
    hlt
    ret
END_FUNC(pvh_idle)

/*
 * An upcall that comes with RFLAGS.IF off is dropped: under emulation Xen's injection has been seen to overtake
 * a cli, inside a handler too, and a second run from the top of the stack would destroy the first. Nothing is
 * lost: evtchn_upcall_pending stays set, the handler's loop looks at it, and Xen injects again at the next entry
 * with IF on, at the latest when we halt.
 *
 * One that comes in front of pvh_idle's hlt returns behind it: else we would sleep with a thread to run, until
 * the next event.
 *
 *      rsp+32 ss  +24 rsp  +16 rflags  +8 cs  +0 rip
 */
FUNC(pvh_upcall)
    testl $0x200, 16(%rsp)
    jnz 1f
    iretq
1:  cmpq $pvh_idle_halt, (%rsp)
    jne 2f
    incq (%rsp)
2:  pushq $0
    pushq $-1
    save_regs
    movq %rsp, %rbx
    leaq upcall_stack_top(%rip), %rsp
    call evtchn_upcall
    movq %rbx, %rsp
    restore_regs
    iretq
END_FUNC(pvh_upcall)

/*
 * PV: the way out must unmask and return without a hypercall. Between the two, another upcall can come in,
 * and it would push a second frame onto the first, for ever in a storm. In that window every register
 * already holds the interrupted thread's value and rsp points at the old frame, so the entry finds the
 * window by rip and just drops the new frame.
 *
 *      rsp+48 ss  +40 rsp  +32 rflags  +24 cs  +16 rip  +8 r11  +0 rcx
 */
FUNC(pv_upcall)
    cmpq $pv_return_window, 16(%rsp)
    jb 1f
    cmpq $pv_return_window_end, 16(%rsp)
    jae 1f
    popq %rcx
    popq %r11
    movq 24(%rsp), %rsp
    jmp 2f
1:  popq %rcx
    popq %r11
2:  pushq $0
    pushq $-1
    save_regs
    movq %rsp, %rbx
    leaq upcall_stack_top(%rip), %rsp
    call evtchn_upcall
    movq %rbx, %rsp
    restore_regs
    orb $3, 8(%rsp)
    orb $3, 32(%rsp)
pv_return_window:
    movb $0, shared_info + SHARED_INFO_upcall_mask(%rip)
    testb $0xff, shared_info + SHARED_INFO_upcall_pending(%rip)
    jnz 3f
    iretq
3:  movb $1, shared_info + SHARED_INFO_upcall_mask(%rip)
pv_return_window_end:
    jmp 2b
END_FUNC(pv_upcall)

/* Xen could not load a segment of ours: rcx r11 ds es fs gs on top of the frame. We never load any. */
FUNC(pv_failsafe)
    addq $48, %rsp
    pushq $0
    pushq $13
    jmp trap_common
END_FUNC(pv_failsafe)

    .section .note.GNU-stack, "", @progbits
