// SPDX-License-Identifier: MIT
/*
 * Claim: dom0 reads the trace out of the memory of a domain that runs (rig/dom0/trace-read), without its help.
 */
#include <stdint.h>

#include <xenolith/trace.h>

#include "system_test.h"

int main(void)
{
    /* "MARK OF " "XENOLITH" as bytes, for grep. */
    TRACE(TRACE_APP, TRACE_EV_APP, UINT64_C(0x20464f204b52414d), UINT64_C(0x4854494c4f4e4558), 0);
    printf("waiting\n");
    fflush(stdout);
    if (getchar() == EOF) {
        test_failure("end of file");
    }
    test_success();
}
