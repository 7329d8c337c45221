// SPDX-License-Identifier: MIT
/*
 * Exceptions and the upcall as PVH: our own IDT. Double faults and NMIs get a stack of their own (IST), for
 * the first often means that the current one has run out.
 * ABI: AMD64 Architecture Programmer's Manual, volume 2, chapter 8.
 */
#include "pvh_priv.h"

#include <xenolith/compiler.h>

#define IST_FAULT 1
#define VECTOR_NMI 2
#define VECTOR_DOUBLE_FAULT 8

/** struct idt_gate - A 64-bit interrupt gate. */
struct idt_gate {
    uint16_t offset_low, selector;
    uint8_t ist, attributes;
    uint16_t offset_mid;
    uint32_t offset_high, reserved;
};

/** struct tss - Only the stacks matter in long mode. */
struct tss {
    uint32_t reserved0;
    uint64_t rsp[3], reserved1, ist[7], reserved2;
    uint16_t reserved3, io_map_base;
} __attribute__((packed));

/** struct table_pointer - What LIDT loads. */
struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static struct idt_gate idt[NR_TRAPS + 1] ALIGNED(16);
static struct tss tss ALIGNED(16);

static void set_gate(unsigned int vector, uintptr_t entry)
{
    bool own_stack = vector == VECTOR_DOUBLE_FAULT || vector == VECTOR_NMI;

    idt[vector] = (struct idt_gate){
        .offset_low = (uint16_t)entry,
        .selector = 0x08,
        .ist = own_stack ? IST_FAULT : 0,
        .attributes = 0x8e, /* present, DPL 0, interrupt gate */
        .offset_mid = (uint16_t)(entry >> 16),
        .offset_high = (uint32_t)(entry >> 32),
    };
}

void pvh_traps_init(void)
{
    struct table_pointer idtr = {.limit = sizeof(idt) - 1, .base = (uintptr_t)idt};
    uint64_t base = (uintptr_t)&tss;

    for (unsigned int i = 0; i < NR_TRAPS; i++) {
        set_gate(i, (uintptr_t)pvh_trap_entries + i * TRAP_ENTRY_BYTES);
    }
    set_gate(PVH_UPCALL_VECTOR, (uintptr_t)pvh_upcall);
    __asm__ volatile("lidt %0" ::"m"(idtr));

    tss.ist[IST_FAULT - 1] = (uintptr_t)fault_stack_top;
    tss.io_map_base = sizeof(tss);
    pvh_gdt[3] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ULL << 40 | (base >> 24 & 0xff) << 56;
    pvh_gdt[4] = base >> 32;
    __asm__ volatile("ltr %w0" ::"r"(0x18));
}
