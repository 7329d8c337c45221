// SPDX-License-Identifier: MIT
/*
 * Claim: what malloc() returns cannot be executed.
 */
#include <stdint.h>

#include "system_test.h"

int main(void)
{
    volatile unsigned char *code = malloc(16);
    void (*volatile fn)(void) = (void (*)(void))(uintptr_t)code;

    if (code == NULL) {
        test_error("no memory");
    }
    code[0] = 0xc3; /* ret */
    printf("about to execute the heap\n");
    fflush(stdout);
    fn();
    test_failure("the heap was executed");
}
