// SPDX-License-Identifier: MIT
/*
 * Claim: page 0 is unmapped: a NULL pointer faults, and the dump says that it was one.
 */
#include "system_test.h"

struct thing {
    int before[4];
    int member;
};

int main(void)
{
    volatile struct thing *volatile thing = NULL;

    printf("about to use a NULL pointer\n");
    fflush(stdout);
    thing->member = 1;
    test_failure("the store came back");
}
