// SPDX-License-Identifier: MIT
/*
 * Claim: abort() ends in a dump on the console and in a domain that the toolstack sees as crashed.
 */
#include "system_test.h"

int main(void)
{
    printf("about to abort\n");
    abort();
}
