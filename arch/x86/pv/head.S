// SPDX-License-Identifier: MIT
/*
 * The first instructions as PV, and the notes by which the domain builder knows both entries.
 * At entry: 64-bit, ring 3, rsi = start_info, rsp = a page the builder lent us, upcalls masked, .bss zeroed.
 * ABI: xen/xen.h ("Start-of-day memory layout"), xen/elfnote.h.
 */
#include <xen/elfnote.h>

#include <arch/asm.h>
#include <arch/offsets.h>

.macro xen_note type, value:vararg
    .balign 4
    .long 4
    .long 2f - 1f
    .long \type
    .asciz "Xen"
1:  \value
2:  .balign 4
.endm

    .section .note.Xen, "a", @note
    xen_note XEN_ELFNOTE_GUEST_OS, .asciz "Xenolith"
    xen_note XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
    xen_note XEN_ELFNOTE_LOADER, .asciz "generic"
    xen_note XEN_ELFNOTE_VIRT_BASE, .quad 0
    xen_note XEN_ELFNOTE_PADDR_OFFSET, .quad 0
    xen_note XEN_ELFNOTE_ENTRY, .quad pv_start
    xen_note XEN_ELFNOTE_HYPERCALL_PAGE, .quad hypercall_page
    xen_note XEN_ELFNOTE_PAE_MODE, .asciz "yes"
    xen_note XEN_ELFNOTE_PHYS32_ENTRY, .long pvh_start

    .section .text.head, "ax", @progbits
    .globl pv_start
    .type pv_start, @function
pv_start:
    cld
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    movq %rax, boot_info + BOOT_INFO_first_tsc(%rip)
    leaq boot_stack_top(%rip), %rsp
    xorl %ebp, %ebp
    movq %rsi, %rdi
    pushq $0
    jmp pv_setup
    .size pv_start, . - pv_start

    .section .note.GNU-stack, "", @progbits
