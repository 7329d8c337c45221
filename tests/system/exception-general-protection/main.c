// SPDX-License-Identifier: MIT
/*
 * Claim: a general protection fault (a non-canonical address) ends in a dump that names it, and in a crashed domain.
 */
#include <stdint.h>

#include "system_test.h"

int main(void)
{
    volatile uintptr_t address = UINT64_C(0x8000000000000000);

    printf("about to use a non-canonical address\n");
    printf("%d\n", *(volatile int *)address);
    test_failure("the load came back");
}
