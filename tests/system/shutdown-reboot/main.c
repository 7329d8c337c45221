// SPDX-License-Identifier: MIT
/*
 * Claim: `xl reboot` ends the domain with the reason reboot; what is no request is left alone before that.
 */
#include <stdio.h>

#include <xenolith/sched.h>

int main(void)
{
    printf("ready\n");
    fflush(stdout);
    thread_sleep_until(TIME_FOREVER);
    return 1;
}
