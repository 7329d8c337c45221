// SPDX-License-Identifier: MIT
/*
 * Claim: constant data cannot be written.
 */
#include <stdint.h>

#include "system_test.h"

static const char constant[64] = "constant";

int main(void)
{
    volatile char *volatile data = (volatile char *)(uintptr_t)constant;

    printf("about to write to constant data\n");
    fflush(stdout);
    *data = 'x';
    test_failure("constant data was written");
}
