// SPDX-License-Identifier: MIT
/*
 * Claim: a division by zero ends in a dump that names it, and in a crashed domain.
 */
#include "system_test.h"

int main(void)
{
    volatile int one = 1, zero = 0; /* of a constant by zero the compiler makes no division */

    printf("about to divide by zero\n");
    printf("%d\n", one / zero);
    test_failure("the division came back");
}
