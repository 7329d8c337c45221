// SPDX-License-Identifier: MIT
/*
 * Claim: an error of the disk reaches the one who asked as -EIO, and nobody else; the disk goes on.
 * run.sh says what to do.
 */
#include "blk_random.h"

int main(void)
{
    agent_main(random_command);
}
