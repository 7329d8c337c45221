// SPDX-License-Identifier: MIT
/*
 * Claim: data arrives whole with every size of ring, several rings, with and without each feature of the backend, and with a backend that
 * is not trusted.
 * run.sh says what to do.
 */
#include "blk_random.h"

int main(void)
{
    agent_main(random_command);
}
