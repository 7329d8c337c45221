// SPDX-License-Identifier: MIT
/*
 * Claim: an invalid opcode ends in a dump that names it, and in a crashed domain.
 */
#include "system_test.h"

int main(void)
{
    printf("about to run an invalid opcode\n");
    fflush(stdout);
    __asm__ volatile("ud2");
    test_failure("ud2 came back");
}
