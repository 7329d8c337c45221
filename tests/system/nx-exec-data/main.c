// SPDX-License-Identifier: MIT
/*
 * Claim: data cannot be executed.
 */
#include <stdint.h>

#include "system_test.h"

static unsigned char code[16] = {0xc3}; /* ret */

int main(void)
{
    void (*volatile fn)(void) = (void (*)(void))(uintptr_t)code;

    printf("about to execute data\n");
    fflush(stdout);
    fn();
    test_failure("data was executed");
}
