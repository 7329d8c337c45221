// SPDX-License-Identifier: MIT
/*
 * Claim: the dump of an exception shows the registers as they were, the bytes at RIP, and a backtrace whose addresses
 * tools/xenolith-symbolize turns into this file's functions.
 */
#include "system_test.h"

static __attribute__((noinline)) void innermost(void)
{
    __asm__ volatile("movabsq $0x1111222233334444, %%rax\n\t"
                     "movabsq $0x5555666677778888, %%r15\n\t"
                     "ud2" ::
                         : "rax", "r15");
}

static __attribute__((noinline)) void middle(void)
{
    innermost();
    __asm__ volatile(""); /* no tail call */
}

int main(void)
{
    printf("about to fault two calls deep\n");
    fflush(stdout);
    middle();
    test_failure("came back");
}
