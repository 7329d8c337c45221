// SPDX-License-Identifier: MIT
/*
 * Claim: a function that overruns its buffer on the stack does not return: the stack protector stops it.
 */
#include <string.h>

#include "system_test.h"

static __attribute__((noinline)) size_t overrun(size_t len)
{
    char buf[16];
    char *volatile hidden = buf; /* or the compiler sees the overrun, and says so */

    memset(hidden, 'x', len);
    return strnlen(hidden, sizeof(buf));
}

int main(void)
{
    printf("about to smash the stack\n");
    fflush(stdout);
    if (overrun(40) == 1) {
        printf("cannot be\n");
    }
    test_failure("the function returned");
}
