// SPDX-License-Identifier: MIT
/*
 * The first instructions as PVH: from 32-bit protected mode without paging to C in long mode.
 * At entry: ebx = guest-physical address of struct hvm_start_info, flat segments, interrupts off, .bss zeroed.
 * The first page tables map the low 1 GiB by 2 MiB pages, all rights; pvh_pt_init() replaces them.
 * ABI: xen/arch-x86/hvm/start_info.h.
 */
#include <arch/asm.h>
#include <arch/offsets.h>

#define CR0_PE (1 << 0)
#define CR0_MP (1 << 1)
#define CR0_NE (1 << 5)
#define CR0_WP (1 << 16)
#define CR0_PG (1 << 31)
#define CR4_PAE (1 << 5)
#define CR4_OSFXSR (1 << 9)
#define CR4_OSXMMEXCPT (1 << 10)
#define MSR_EFER 0xc0000080
#define EFER_LME (1 << 8)
#define EFER_NXE (1 << 11)

    .section .text.head, "ax", @progbits
    .code32
    .globl pvh_start
    .type pvh_start, @function
pvh_start:
    cld
    rdtsc
    movl %eax, boot_info + BOOT_INFO_first_tsc
    movl %edx, boot_info + BOOT_INFO_first_tsc + 4

    movl $(pvh_l3 + 3), pvh_l4
    movl $(pvh_l2 + 3), pvh_l3
    movl $pvh_l2, %edi
    movl $0x83, %eax            /* present, writable, large */
    movl $512, %ecx
1:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    decl %ecx
    jnz 1b

    movl $(CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
    movl %eax, %cr4
    movl $pvh_l4, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    movl $(EFER_LME | EFER_NXE), %eax
    xorl %edx, %edx
    wrmsr
    movl $(CR0_PE | CR0_MP | CR0_NE | CR0_WP | CR0_PG), %eax
    movl %eax, %cr0
    lgdt pvh_gdt_pointer
    ljmp $0x08, $pvh_start64

    .code64
pvh_start64:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    leaq boot_stack_top(%rip), %rsp
    fninit                      /* a processor starts with 24-bit precision; the ABI wants all 64 */
    xorl %ebp, %ebp
    movl %ebx, %edi
    pushq $0
    jmp pvh_setup
    .size pvh_start, . - pvh_start

/* Null, code, data, and room for the TSS descriptor, which pvh/traps.c writes. */
    .section .data.pvh_gdt, "aw", @progbits
    .balign 16
    .globl pvh_gdt
pvh_gdt:
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
    .quad 0, 0
pvh_gdt_end:
pvh_gdt_pointer:
    .word pvh_gdt_end - pvh_gdt - 1
    .quad pvh_gdt

    .section .bss_pages, "aw", @nobits
    .balign 4096
    .globl pvh_tables, pvh_tables_end
pvh_tables:
pvh_l4: .skip 4096
pvh_l3: .skip 4096
pvh_l2: .skip 4096
pvh_tables_end:

    .section .note.GNU-stack, "", @progbits
