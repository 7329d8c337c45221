// SPDX-License-Identifier: MIT
/*
 * The last words say what happened, read only memory that is known to be there, and end in SHUTDOWN_crash, also when
 * the panic itself goes wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fake.h>

#include <xen/sched.h>

#include <xenolith/boot.h>
#include <xenolith/console.h>
#include <xenolith/panic.h>
#include <xenolith/sched.h>
#include <xenolith/shutdown.h>
#include <xenolith/trace.h>

#include <arch/irq.h>

#include "../../kernel/panic_priv.h"

/* The stacks of entry.S, in the image as there. */
ALIGNED(4096) char boot_stack_guard[4096], boot_stack[8192], boot_stack_top[1];
ALIGNED(4096) char upcall_stack_guard[4096], upcall_stack[4096], upcall_stack_top[1];
ALIGNED(4096) char fault_stack_guard[4096], fault_stack[4096], fault_stack_top[1];

/* The running thread: a guard page and two pages of stack from malloc(), watched by AddressSanitizer. */
static char *thread_area;
#define THREAD_STACK (thread_area + PAGE_SIZE)
#define THREAD_TOP   (thread_area + 3 * PAGE_SIZE)

struct thread *thread_current(void)
{
    return (struct thread *)(void *)thread_area;
}

const char *thread_name(const struct thread *t)
{
    return "worker";
}

bool thread_stack_contains(const struct thread *t, uintptr_t addr, bool *guard)
{
    *guard = addr >= (uintptr_t)thread_area && addr < (uintptr_t)THREAD_STACK;
    return *guard || (addr >= (uintptr_t)THREAD_STACK && addr < (uintptr_t)THREAD_TOP);
}

static char said[65536];
static unsigned int flushes, console_panics, traces;
static bool break_console;
static jmp_buf the_end;
static unsigned int reason;

void console_write_atomic(const void *buf, size_t len)
{
    assert_false(upcall_is_enabled());
    assert_true(strlen(said) + len < sizeof(said));
    strncat(said, buf, len);
    if (break_console) {
        panic("the console is broken too");
    }
}

void console_panic(void)
{
    console_panics++;
}

void console_flush_polled(void)
{
    flushes++;
}

void trace_panic(void)
{
    traces++;
}

void shutdown_now(unsigned int why)
{
    reason = why;
    longjmp(the_end, 1);
}

#define ends(stmt)                                      \
    do {                                                \
        if (setjmp(the_end) == 0) {                     \
            stmt;                                       \
            fail_msg("came back");                      \
        }                                               \
        assert_int_equal(reason, SHUTDOWN_crash);       \
    } while (0)

static void describe(char buf[192], unsigned int vector, uint64_t error, uint64_t cr2, uint64_t rsp)
{
    const struct cpu_regs regs = {.error_code = error, .rsp = rsp};

    fault_describe(buf, 192, vector, &regs, cr2);
}

static void faults_are_named_for_what_they_mean(void **state)
{
    char buf[192];
    static const struct {
        uint64_t error;
        uintptr_t cr2;
        const char *want;
    } faults[] = {
        {0, 8, "page fault: use of a NULL pointer: read 0x8"},
        {2, 0, "page fault: use of a NULL pointer: write 0"},
        {0x10, 0, "page fault: call of a NULL pointer: execute 0"},
        {0x2, 0xdead00000000, "page fault: unmapped address: write 0xdead00000000"},
        {0x11, 0x5000000000, "page fault: execution of data: execute 0x5000000000"},
        {0x10, 0x5000000000, "page fault: jump to an unmapped address: execute 0x5000000000"},
        {0x9, 0x5000000000, "page fault: damaged page table: read 0x5000000000"},
        {0x1, 0x5000000000, "page fault: forbidden access: read 0x5000000000"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        describe(buf, 14, faults[i].error, faults[i].cr2, 0);
        assert_string_equal(buf, faults[i].want);
    }
    describe(buf, 14, 3, (uintptr_t)__text_start + 100, 0);
    assert_non_null(strstr(buf, "write to program text"));
    describe(buf, 14, 3, (uintptr_t)__text_end + 1, 0);
    assert_non_null(strstr(buf, "write to constant data"));
    describe(buf, 0, 0, 0, 0);
    assert_string_equal(buf, "divide error");
    describe(buf, 13, 0, 0, 0);
    assert_string_equal(buf, "general protection fault");
    describe(buf, 15, 0, 0, 0);
    assert_string_equal(buf, "exception 15");
    describe(buf, 300, 0, 0, 0);
    assert_string_equal(buf, "exception 300");
}

static void stack_overflows_are_recognised(void **state)
{
    char buf[192];

    describe(buf, 14, 2, (uintptr_t)THREAD_STACK - 8, 0);
    assert_string_equal(buf, "page fault: stack overflow of thread 'worker'");
    describe(buf, 8, 0, 0, (uintptr_t)THREAD_STACK - 16);
    assert_string_equal(buf, "double fault: stack overflow of thread 'worker'");
    describe(buf, 14, 2, (uintptr_t)boot_stack_guard + 4095, 0);
    assert_string_equal(buf, "page fault: stack overflow of thread 'main'");
    describe(buf, 14, 2, (uintptr_t)upcall_stack_guard, 0);
    assert_string_equal(buf, "page fault: stack overflow of thread '(upcall)'");
    describe(buf, 14, 2, (uintptr_t)THREAD_STACK, 0);
    assert_null(strstr(buf, "overflow"));
    describe(buf, 8, 0, 0, (uintptr_t)THREAD_TOP);
    assert_string_equal(buf, "double fault");
}

static void memory_is_read_only_where_it_is_known(void **state)
{
    assert_true(stack_holds((uintptr_t)THREAD_STACK, 8192));
    assert_false(stack_holds((uintptr_t)THREAD_STACK, 8193));
    assert_false(stack_holds((uintptr_t)THREAD_STACK - 1, 8));
    assert_false(stack_holds((uintptr_t)THREAD_STACK, 0));
    assert_true(stack_holds((uintptr_t)boot_stack, 8));
    assert_false(stack_holds((uintptr_t)boot_stack_guard, 8));
    assert_false(stack_holds(UINTPTR_MAX - 3, 8));
    assert_false(text_holds(0, 1));
    assert_true(text_holds((uintptr_t)&memory_is_read_only_where_it_is_known, 16));
}

static void a_chain_of_frames_is_followed_across_stacks(void **state)
{
    uintptr_t *t = (uintptr_t *)(void *)THREAD_STACK, *u = (uintptr_t *)(void *)upcall_stack;
    uintptr_t code = (uintptr_t)__text_start + 1, out[24];

    u[0] = (uintptr_t)&u[10];
    u[1] = code;
    u[10] = (uintptr_t)&t[20];
    u[11] = code + 1;
    t[20] = (uintptr_t)&t[40];
    t[21] = code + 2;
    t[40] = 0;
    t[41] = code + 3;
    assert_int_equal(backtrace_walk((uintptr_t)u, out, 24), 4);
    for (unsigned int i = 0; i < 4; i++) {
        assert_int_equal(out[i], code + i);
    }
    assert_int_equal(backtrace_walk((uintptr_t)u, out, 2), 2);

    t[40] = (uintptr_t)&t[20]; /* a circle */
    assert_true(backtrace_walk((uintptr_t)u, out, 24) <= 12);
    t[20] = (uintptr_t)THREAD_TOP - 8; /* half a frame */
    assert_int_equal(backtrace_walk((uintptr_t)u, out, 24), 3);
    t[20] = (uintptr_t)&t[40] + 1; /* not aligned */
    assert_int_equal(backtrace_walk((uintptr_t)u, out, 24), 3);
    u[11] = 0x1234; /* not code */
    assert_int_equal(backtrace_walk((uintptr_t)u, out, 24), 1);
    assert_int_equal(backtrace_walk(0, out, 24), 0);
}

static void junk_frames_are_survived(void **state)
{
    uintptr_t *t = (uintptr_t *)(void *)THREAD_STACK, out[24];
    size_t words = 2 * PAGE_SIZE / sizeof(*t);

    for (int i = 0; i < 20000; i++) {
        for (int j = 0; j < 64; j++) {
            t[fake_random_below(words)] = fake_random() & 1
                                              ? (uintptr_t)&t[fake_random_below(words)]
                                              : (uintptr_t)__text_start + fake_random_below(4096);
        }
        assert_true(backtrace_walk((uintptr_t)&t[fake_random_below(words)], out, 24) <= 24);
        assert_true(backtrace_walk(fake_random(), out, 24) <= 24);
    }
}

static struct cpu_regs some_regs(void)
{
    return (struct cpu_regs){
        .rip = (uintptr_t)&some_regs,
        .rsp = (uintptr_t)THREAD_TOP - 40,
        .rbp = (uintptr_t)THREAD_STACK,
        .rax = 0xaaaa,
        .r15 = 0x15151515,
        .error_code = 2,
    };
}

static void an_exception_is_dumped(void **state)
{
    struct cpu_regs regs = some_regs();
    uintptr_t *frame = (uintptr_t *)(void *)THREAD_STACK;
    char want[64];

    memset(THREAD_STACK, 0, 2 * PAGE_SIZE);
    frame[1] = (uintptr_t)__text_start + 0x77;
    ends(panic_exception(14, &regs, 0x10));
    assert_non_null(strstr(said, "\npanic: page fault: use of a NULL pointer: write 0x10\n"));
    assert_non_null(strstr(said, "thread 'worker', pv, "));
    assert_non_null(strstr(said, "rax=000000000000aaaa "));
    assert_non_null(strstr(said, "r15=0000000015151515 cr2=0000000000000010 "));
    assert_non_null(strstr(said, "\ncode: "));
    snprintf(want, sizeof(want), "<%02x>", *(unsigned char *)&some_regs);
    assert_non_null(strstr(said, want));
    snprintf(want, sizeof(want), "  #0 %#018lx (rip)\n", (unsigned long)regs.rip);
    assert_non_null(strstr(said, want));
    snprintf(want, sizeof(want), "  #1 %#018lx\n", (unsigned long)frame[1]);
    assert_non_null(strstr(said, want));
    assert_non_null(strstr(said, "panic: end\n"));
    assert_int_equal(console_panics, 1);
    assert_int_equal(traces, 1);
    assert_int_equal(flushes, 1);
}

static void registers_that_point_nowhere_are_survived(void **state)
{
    const struct cpu_regs regs = {.rip = 0xdead, .rsp = UINT64_MAX - 7, .rbp = 3};

    ends(panic_exception(6, &regs, 0));
    assert_non_null(strstr(said, "panic: invalid opcode\n"));
    assert_null(strstr(said, "code:"));
}

static void a_panic_says_why(void **state)
{
    ends(panic("%s number %d", "bug", 3));
    assert_non_null(strstr(said, "panic: bug number 3\n"));
    assert_non_null(strstr(said, "backtrace:\n"));
    assert_int_equal(flushes, 1);
}

static void abort_is_a_crash(void **state)
{
    ends(kernel_abort());
    assert_non_null(strstr(said, "panic: the program called abort()\n"));
}

static void a_panic_in_a_panic_ends_at_once(void **state)
{
    break_console = true;
    ends(panic("first"));
    assert_true(strlen(said) < 200);
}

/* Each in a process of its own, because the module knows that it ends only once. */
static int run_one(const char *name)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_exception_is_dumped),
        cmocka_unit_test(registers_that_point_nowhere_are_survived),
        cmocka_unit_test(a_panic_says_why),
        cmocka_unit_test(abort_is_a_crash),
        cmocka_unit_test(a_panic_in_a_panic_ends_at_once),
    };

    cmocka_set_test_filter(name);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

static const char *self;

static void the_dump_in_a_process_of_its_own(void **state)
{
    static const char *const names[] = {"an_exception_is_dumped", "registers_that_point_nowhere_are_survived",
                                        "a_panic_says_why", "abort_is_a_crash",
                                        "a_panic_in_a_panic_ends_at_once"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char command[512];

        snprintf(command, sizeof(command), "%s %s", self, names[i]);
        assert_int_equal(system(command), 0);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_named_for_what_they_mean),
        cmocka_unit_test(stack_overflows_are_recognised),
        cmocka_unit_test(memory_is_read_only_where_it_is_known),
        cmocka_unit_test(a_chain_of_frames_is_followed_across_stacks),
        cmocka_unit_test(junk_frames_are_survived),
        cmocka_unit_test(the_dump_in_a_process_of_its_own),
    };
    int rc;

    self = argv[0];
    thread_area = aligned_alloc(PAGE_SIZE, 3 * PAGE_SIZE);
    rc = argc > 1 ? run_one(argv[1]) : cmocka_run_group_tests(tests, NULL, NULL);
    free(thread_area);
    return rc;
}
