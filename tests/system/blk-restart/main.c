// SPDX-License-Identifier: MIT
/*
 * Claim: requests outlive their backend: it goes away and comes back in the middle of the work, and nothing is lost or done twice.
 * run.sh says what to do.
 */
#include "blk_random.h"

int main(void)
{
    agent_main(random_command);
}
