// SPDX-License-Identifier: MIT
/*
 * Claim: QEMU serves disks as well as Linux does: files of several formats, their contents whole, resized, taken away; and when QEMU dies with
 * requests under way the guest goes on, and the requests end.
 * run.sh says what to do.
 */
#include "blk_random.h"

int main(void)
{
    agent_main(random_command);
}
