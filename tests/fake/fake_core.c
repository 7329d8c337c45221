// SPDX-License-Identifier: MIT
/*
 * Small things every host test needs: hypercall dispatch, panic, messages, the trace switch, random
 * numbers.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arch/hypercall.h>
#include <arch/irq.h>
#include <fake.h>
#include <xenolith/boot.h>
#include <xenolith/errno.h>
#include <xenolith/panic.h>
#include <xenolith/printk.h>
#include <xenolith/trace.h>

#define NR_HYPERCALLS 64

WEAK struct boot_info boot_info = {.cmdline = ""};
WEAK uint32_t trace_mask;
uint64_t hypercall_count;

static fake_hypercall_fn hypercalls[NR_HYPERCALLS];
static uint64_t calls[NR_HYPERCALLS];

jmp_buf fake_panic_jmp;
bool fake_panic_expected;
char fake_panic_message[256];

void fake_hypercall_set(unsigned int nr, fake_hypercall_fn fn)
{
    hypercalls[nr] = fn;
}

uint64_t fake_hypercall_calls(unsigned int nr)
{
    return calls[nr];
}

long fake_hypercall(unsigned int nr, unsigned long a1, unsigned long a2, unsigned long a3, unsigned long a4)
{
    hypercall_count++;
    if (nr >= NR_HYPERCALLS || hypercalls[nr] == NULL) {
        return -ENOSYS;
    }
    calls[nr]++;
    return hypercalls[nr](a1, a2, a3, a4);
}

static NORETURN void panic_end(void)
{
    if (fake_panic_expected) {
        longjmp(fake_panic_jmp, 1);
    }
    fprintf(stderr, "fake: panic: %s\n", fake_panic_message);
    abort();
}

void fake_panic_landed(void)
{
    /* The section that panicked may have held upcalls off. */
    fake_upcall_state.masked = false;
    fake_upcall_state.inside = false;
}

WEAK void panic(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(fake_panic_message, sizeof(fake_panic_message), fmt, ap);
    va_end(ap);
    panic_end();
}

WEAK void panic_regs(const struct cpu_regs *regs, uint64_t cr2, const char *fmt, ...)
{
    va_list ap;

    (void)regs;
    (void)cr2;
    va_start(ap, fmt);
    vsnprintf(fake_panic_message, sizeof(fake_panic_message), fmt, ap);
    va_end(ap);
    panic_end();
}

WEAK void printk(enum log_level level, const char *fmt, ...)
{
    static int wanted = -1;
    va_list ap;

    if (wanted < 0) {
        const char *env = getenv("XENOLITH_LOG");

        wanted = env != NULL ? atoi(env) + 1 : 0;
    }
    if ((int)level < wanted) {
        va_start(ap, fmt);
        vfprintf(stderr, fmt, ap);
        va_end(ap);
    }
}

WEAK int kvsnprintf(char *buf, size_t bytes, const char *fmt, va_list ap)
{
    return vsnprintf(buf, bytes, fmt, ap);
}

WEAK int ksnprintf(char *buf, size_t bytes, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(buf, bytes, fmt, ap);
    va_end(ap);
    return n;
}

WEAK void trace_emit(enum trace_event event, uint64_t a0, uint64_t a1, uint64_t a2)
{
    (void)event;
    (void)a0;
    (void)a1;
    (void)a2;
}

WEAK uint64_t fake_tsc(void)
{
    return __builtin_ia32_rdtsc();
}

/* splitmix64: Steele, Lea and Flood, 2014. */
static uint64_t random_state;

uint64_t fake_seed(void)
{
    static uint64_t seed;
    static bool known;

    if (!known) {
        const char *env = getenv("XENOLITH_SEED");

        seed = env != NULL ? strtoull(env, NULL, 0) : (uint64_t)time(NULL) * 2654435761U ^ (uint64_t)clock();
        known = true;
        random_state = seed;
        printf("seed: XENOLITH_SEED=%#llx\n", (unsigned long long)seed);
        fflush(stdout);
    }
    return seed;
}

uint64_t fake_random(void)
{
    uint64_t z;

    (void)fake_seed();
    z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t fake_random_below(uint64_t n)
{
    return fake_random() % n;
}
