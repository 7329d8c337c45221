// SPDX-License-Identifier: MIT
/*
 * Claim: an upcall changes no register of the code it interrupts, neither general nor SSE nor flags, wherever it comes:
 * tens of thousands of timer upcalls fall into a loop that holds patterns in all of them.
 */
#include <xenolith/events.h>
#include <xenolith/time.h>

#include "system_test.h"

static unsigned int wrong;

/* Fill every register, spin, compare; the carry flag must survive as well. */
static uint64_t hold(uint64_t seed, uint64_t rounds)
{
    uint64_t bad;

    __asm__ volatile(
        "movq %[seed], %%rax\n\t"
        "leaq 1(%%rax), %%rbx\n\t"
        "leaq 2(%%rax), %%rcx\n\t"
        "leaq 3(%%rax), %%rdx\n\t"
        "leaq 4(%%rax), %%rsi\n\t"
        "leaq 5(%%rax), %%rdi\n\t"
        "leaq 6(%%rax), %%r8\n\t"
        "leaq 7(%%rax), %%r9\n\t"
        "leaq 8(%%rax), %%r10\n\t"
        "leaq 9(%%rax), %%r11\n\t"
        "leaq 10(%%rax), %%r12\n\t"
        "leaq 11(%%rax), %%r13\n\t"
        "movq %%rax, %%xmm0\n\t"
        "movq %%rbx, %%xmm1\n\t"
        "punpcklqdq %%xmm1, %%xmm0\n\t"
        "movdqa %%xmm0, %%xmm7\n\t"
        "movdqa %%xmm0, %%xmm15\n\t"
        "stc\n"
        "1: decq %[rounds]\n\t" /* leaves the carry alone */
        "jnz 1b\n\t"
        "movl $1, %%r14d\n\t"
        "jnc 2f\n\t"
        "subq $11, %%r13\n\t cmpq %%r13, %%rax\n\t jne 2f\n\t"
        "subq $10, %%r12\n\t cmpq %%r12, %%rax\n\t jne 2f\n\t"
        "subq $9, %%r11\n\t cmpq %%r11, %%rax\n\t jne 2f\n\t"
        "subq $8, %%r10\n\t cmpq %%r10, %%rax\n\t jne 2f\n\t"
        "subq $7, %%r9\n\t cmpq %%r9, %%rax\n\t jne 2f\n\t"
        "subq $6, %%r8\n\t cmpq %%r8, %%rax\n\t jne 2f\n\t"
        "subq $5, %%rdi\n\t cmpq %%rdi, %%rax\n\t jne 2f\n\t"
        "subq $4, %%rsi\n\t cmpq %%rsi, %%rax\n\t jne 2f\n\t"
        "subq $3, %%rdx\n\t cmpq %%rdx, %%rax\n\t jne 2f\n\t"
        "subq $2, %%rcx\n\t cmpq %%rcx, %%rax\n\t jne 2f\n\t"
        "subq $1, %%rbx\n\t cmpq %%rbx, %%rax\n\t jne 2f\n\t"
        "pcmpeqb %%xmm0, %%xmm7\n\t pmovmskb %%xmm7, %%ecx\n\t cmpl $0xffff, %%ecx\n\t jne 2f\n\t"
        "pcmpeqb %%xmm0, %%xmm15\n\t pmovmskb %%xmm15, %%ecx\n\t cmpl $0xffff, %%ecx\n\t jne 2f\n\t"
        "xorl %%r14d, %%r14d\n"
        "2: movq %%r14, %[bad]"
        : [bad] "=m"(bad), [rounds] "+m"(rounds)
        : [seed] "m"(seed)
        : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "xmm0",
          "xmm1", "xmm7", "xmm15", "cc", "memory");
    return bad;
}

int main(void)
{
    uint64_t end = time_monotonic_ns() + 2 * NS_PER_SEC;
    uint64_t before = evtchn_stats.upcalls, loops = 0;

    while (time_monotonic_ns() < end) {
        /* Straight to the alarm: the timer queue would only look when we block. */
        time_set_alarm(time_monotonic_ns() + 3000 + loops % 97 * 100);
        wrong += hold(loops * 0x9e3779b97f4a7c15ULL, 20000) != 0;
        loops++;
    }
    time_set_alarm(TIME_FOREVER);
    printf("%llu upcalls in %llu loops\n", (unsigned long long)(evtchn_stats.upcalls - before),
           (unsigned long long)loops);
    CHECK_EQUAL(wrong, 0);
    CHECK(evtchn_stats.upcalls - before > 500);
    test_success();
}
