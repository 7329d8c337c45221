// SPDX-License-Identifier: MIT
/*
 * Claim: several disks at once, each of another kind: read-only, CD-ROM, blocks of 4096 bytes, beyond 2 TiB, a partition, other names; and
 * discarded space goes back to dom0.
 * run.sh says what to do.
 */
#include "blk_random.h"

int main(void)
{
    agent_main(random_command);
}
