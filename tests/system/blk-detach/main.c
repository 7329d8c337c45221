// SPDX-License-Identifier: MIT
/*
 * Claim: a disk taken away with requests under way answers all of them, and one put there again is new.
 * run.sh says what to do.
 */
#include "blk_random.h"

int main(void)
{
    agent_main(random_command);
}
