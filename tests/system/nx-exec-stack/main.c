// SPDX-License-Identifier: MIT
/*
 * Claim: the stack cannot be executed.
 */
#include <stdint.h>

#include "system_test.h"

int main(void)
{
    volatile unsigned char code[16] = {0xc3}; /* ret */
    void (*volatile fn)(void) = (void (*)(void))(uintptr_t)code;

    printf("about to execute the stack\n");
    fflush(stdout);
    fn();
    test_failure("the stack was executed");
}
