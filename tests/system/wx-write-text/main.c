// SPDX-License-Identifier: MIT
/*
 * Claim: program text cannot be written.
 */
#include <stdint.h>

#include "system_test.h"

int main(void)
{
    volatile unsigned char *text = (volatile unsigned char *)(uintptr_t)&main;

    printf("about to write to program text\n");
    fflush(stdout);
    *text = 0xc3;
    test_failure("text was written");
}
