// SPDX-License-Identifier: MIT
/*
 * Claim: a disk that dom0 makes larger is larger in the guest at once, without a word from it.
 * run.sh says what to do.
 */
#include "blk_random.h"

int main(void)
{
    agent_main(random_command);
}
