// SPDX-License-Identifier: MIT
/*
 * Claim: a mebibyte of output arrives whole and in order in dom0's log. The console's ring holds 2 KiB, so the writer is
 * blocked hundreds of times.
 */
#include "system_test.h"

#define NR_LINES 65536 /* of 16 bytes each */

int main(void)
{
    static char buffer[5000];

    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer)); /* writes larger than the ring, split anywhere */
    for (unsigned int i = 0; i < NR_LINES; i++) {
        printf("line %010u\n", i);
    }
    test_success();
}
