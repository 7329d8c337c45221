// SPDX-License-Identifier: MIT
/*
 * Claim: what the guest writes is in dom0's disk file and the other way round, whatever the sizes and alignments, many requests
 * under way at once: 1 GiB of them.
 * run.sh says what to do.
 */
#include "blk_random.h"

int main(void)
{
    agent_main(random_command);
}
