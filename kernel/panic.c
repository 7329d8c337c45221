// SPDX-License-Identifier: MIT
/*
 * The last words: why, where, registers, code, stack and backtrace, then SHUTDOWN_crash. Trusts nothing that may be
 * what broke: no allocation, no lock, no wait that is not bounded, no address read that is not known to be mapped. What
 * is most useful and least risky is said first. tools/xenolith-symbolize turns the addresses into file:line.
 */
#include "panic_priv.h"

#include <stdarg.h>

#include <xen/sched.h>

#include <xenolith/boot.h>
#include <xenolith/console.h>
#include <xenolith/hypercall.h>
#include <xenolith/irq.h>
#include <xenolith/printk.h>
#include <xenolith/sched.h>
#include <xenolith/shutdown.h>
#include <xenolith/time.h>
#include <xenolith/trace.h>

#define REASON_BYTES   192
#define MAX_FRAMES     24
#define STACK_WORDS    16
#define CODE_BEFORE    16
#define CODE_AFTER     16

static unsigned int depth; /* panics under way; upcalls are off by then */

PRINTF_LIKE(1, 2) static void say(const char *fmt, ...)
{
    char line[REASON_BYTES + 32];
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = kvsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    console_write_atomic(line, MIN((size_t)len, sizeof(line) - 1));
}

/* A panic within the panic: one line where it may still get through, and the end. */
static NORETURN void die_again(void)
{
    static char text[] = "panic: a second one while reporting the first\n";

    if (depth == 2) {
        (void)HYPERVISOR_console_io(CONSOLEIO_write, sizeof(text) - 1, text);
        console_write_atomic(text, sizeof(text) - 1);
        console_flush_polled();
    }
    shutdown_now(SHUTDOWN_crash);
}

static void begin(const char *reason)
{
    const struct thread *t;

    upcall_disable();
    if (++depth > 1) {
        die_again();
    }
    trace_mask = 0; /* so that the trace ends with what led here */
    console_panic();
    say("\npanic: %s\n", reason);
    t = thread_current();
    say("thread '%s'%s, %s, %lu us after the host's boot\n", t == NULL ? "(none)" : thread_name(t),
        in_upcall() ? ", in an upcall" : "", boot_is_pv() ? "pv" : "pvh",
        (unsigned long)(time_monotonic_ns() / NS_PER_US));
}

static NORETURN void end(void)
{
    say("panic: end\n");
    trace_panic();
    console_flush_polled();
    shutdown_now(SHUTDOWN_crash);
}

/* Of cs, Xen keeps the upcall mask in the upper half as PV. */
static void show_regs(const struct cpu_regs *r, uint64_t cr2)
{
    const struct {
        const char *name;
        uint64_t value;
    } regs[] = {
        {"rip", r->rip},        {"rsp", r->rsp}, {"rbp", r->rbp}, {"rflags", r->rflags},
        {"rax", r->rax},        {"rbx", r->rbx}, {"rcx", r->rcx}, {"rdx", r->rdx},
        {"rsi", r->rsi},        {"rdi", r->rdi}, {"r8", r->r8},   {"r9", r->r9},
        {"r10", r->r10},        {"r11", r->r11}, {"r12", r->r12}, {"r13", r->r13},
        {"r14", r->r14},        {"r15", r->r15}, {"cr2", cr2},    {"error", r->error_code},
        {"cs", r->cs & 0xffff}, {"ss", r->ss},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(regs); i++) {
        say("%s=%016lx%s", regs[i].name, (unsigned long)regs[i].value,
            i % 4 == 3 || i == ARRAY_SIZE(regs) - 1 ? "\n" : " ");
    }
}

static void show_code(uintptr_t rip)
{
    if (!text_holds(rip, 1)) {
        return;
    }
    say("code:");
    for (uintptr_t at = rip - CODE_BEFORE; at < rip + CODE_AFTER; at++) {
        if (text_holds(at, 1)) {
            say(at == rip ? " <%02x>" : " %02x", *(const unsigned char *)at);
        }
    }
    say("\n");
}

static void show_stack(uintptr_t rsp)
{
    rsp &= ~(sizeof(uintptr_t) - 1);
    for (unsigned int i = 0; i < STACK_WORDS; i++) {
        uintptr_t at = rsp + i * sizeof(uintptr_t);

        if (!stack_holds(at, sizeof(uintptr_t))) {
            say("%s", i % 4 == 0 ? "" : "\n");
            break;
        }
        if (i % 4 == 0) {
            say("stack %016lx:", (unsigned long)at);
        }
        say(" %016lx%s", *(const unsigned long *)at, i % 4 == 3 ? "\n" : "");
    }
}

/* @rip: exact, of the interrupted instruction; 0 when there are only return addresses. */
static void show_backtrace(uintptr_t rip, uintptr_t rbp)
{
    uintptr_t callers[MAX_FRAMES];
    unsigned int nr = backtrace_walk(rbp, callers, MAX_FRAMES), frame = 0;

    say("backtrace:\n");
    if (rip != 0) {
        say("  #%u %#018lx (rip)\n", frame++, (unsigned long)rip);
    }
    for (unsigned int i = 0; i < nr; i++) {
        say("  #%u %#018lx\n", frame++, (unsigned long)callers[i]);
    }
}

static NORETURN void dump(const char *reason, const struct cpu_regs *regs, uint64_t cr2)
{
    begin(reason);
    show_regs(regs, cr2);
    show_code(regs->rip);
    show_backtrace(regs->rip, regs->rbp);
    show_stack(regs->rsp);
    end();
}

void panic(const char *fmt, ...)
{
    char reason[REASON_BYTES];
    va_list ap;

    va_start(ap, fmt);
    kvsnprintf(reason, sizeof(reason), fmt, ap);
    va_end(ap);
    begin(reason);
    show_backtrace(0, (uintptr_t)__builtin_frame_address(0));
    show_stack((uintptr_t)__builtin_frame_address(0));
    end();
}

void panic_regs(const struct cpu_regs *regs, uint64_t cr2, const char *fmt, ...)
{
    char reason[REASON_BYTES];
    va_list ap;

    va_start(ap, fmt);
    kvsnprintf(reason, sizeof(reason), fmt, ap);
    va_end(ap);
    dump(reason, regs, cr2);
}

void panic_exception(unsigned int vector, const struct cpu_regs *regs, uint64_t cr2)
{
    char reason[REASON_BYTES];

    fault_describe(reason, sizeof(reason), vector, regs, cr2);
    dump(reason, regs, vector == VECTOR_PAGE_FAULT ? cr2 : 0);
}

void kernel_abort(void)
{
    begin("the program called abort()");
    show_backtrace(0, (uintptr_t)__builtin_frame_address(0));
    end();
}
