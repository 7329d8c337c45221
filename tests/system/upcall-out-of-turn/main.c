// SPDX-License-Identifier: MIT
/*
 * Claim: upcalls that come where the processor should not let them are harmless. Both have been seen under emulation: one
 * with interrupts off, inside a handler too, which would run over the first one's stack; one between sti and hlt, after
 * which we would sleep with a thread to run. Both are made here, by a frame like the processor's and a jump to the entry.
 */
#include <xenolith/events.h>
#include <xenolith/irq.h>
#include <xenolith/time.h>

#include <string.h>

#include "system_test.h"

#define FLAGS_IF 0x200ul
#define ROUNDS   1000

extern char pvh_upcall[], pvh_idle_halt[]; /* arch/x86/entry.S */

static unsigned int calls;

/* The frame returns behind the jump, with interrupts as @flags says. */
static void enter_upcall(unsigned long flags)
{
    __asm__ volatile("movq %%rsp, %%rax\n"
                     "subq $128, %%rsp\n"
                     "andq $-16, %%rsp\n"
                     "movq %%ss, %%rcx\n"
                     "pushq %%rcx\n"
                     "pushq %%rax\n"
                     "pushq %0\n"
                     "movq %%cs, %%rcx\n"
                     "pushq %%rcx\n"
                     "leaq 1f(%%rip), %%rcx\n"
                     "pushq %%rcx\n"
                     "cli\n"
                     "jmp pvh_upcall\n"
                     "1:\n" ::"r"(flags)
                     : "rax", "rcx", "memory", "cc");
}

/* As if the upcall had come in front of pvh_idle's hlt; its ret finds our address on the stack. */
static void enter_upcall_at_halt(void)
{
    __asm__ volatile("subq $128, %%rsp\n"
                     "leaq 1f(%%rip), %%rcx\n"
                     "pushq %%rcx\n"
                     "movq %%rsp, %%rax\n"
                     "subq $128, %%rsp\n"
                     "andq $-16, %%rsp\n"
                     "movq %%ss, %%rcx\n"
                     "pushq %%rcx\n"
                     "pushq %%rax\n"
                     "pushq %0\n"
                     "movq %%cs, %%rcx\n"
                     "pushq %%rcx\n"
                     "pushq $pvh_idle_halt\n"
                     "cli\n"
                     "jmp pvh_upcall\n"
                     "1:\n"
                     "addq $128, %%rsp\n" ::"r"(FLAGS_IF)
                     : "rax", "rcx", "memory", "cc");
}

static void handle(evtchn_port_t port, void *arg)
{
    volatile unsigned char *stack;
    unsigned char ours[256];

    (void)port;
    (void)arg;
    memset(ours, 0x5a, sizeof(ours));
    stack = ours;
    enter_upcall(0); /* inside a handler */
    for (size_t i = 0; i < sizeof(ours); i++) {
        CHECK_EQUAL(stack[i], 0x5a);
    }
    calls++;
}

int main(void)
{
    uint64_t upcalls, start;
    evtchn_port_t port;

    CHECK_EQUAL(evtchn_bind_ipi(0, handle, NULL, &port), 0);
    evtchn_unmask(port);
    for (unsigned int i = 1; i <= ROUNDS; i++) {
        CHECK_EQUAL(evtchn_send(port), 0);
        CHECK_EQUAL(calls, i); /* the handler came, and came back */
        CHECK(upcall_is_enabled());
    }

    upcall_disable();
    CHECK_EQUAL(evtchn_send(port), 0);
    upcalls = evtchn_stats.upcalls;
    enter_upcall(0);
    CHECK(!upcall_is_enabled());
    CHECK_EQUAL(evtchn_stats.upcalls, upcalls); /* dropped, and not lost: */
    CHECK_EQUAL(calls, ROUNDS);
    upcall_enable();
    __asm__ volatile("nop");
    CHECK_EQUAL(calls, ROUNDS + 1);

    upcalls = evtchn_stats.upcalls;
    start = time_monotonic_ns();
    for (unsigned int i = 0; i < ROUNDS; i++) {
        enter_upcall_at_halt(); /* a halt would last until the next event: there is none */
    }
    CHECK(evtchn_stats.upcalls >= upcalls + ROUNDS);
    CHECK(upcall_is_enabled());
    CHECK(time_monotonic_ns() - start < 60 * NS_PER_SEC);
    test_success();
}
