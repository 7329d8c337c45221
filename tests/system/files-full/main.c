// SPDX-License-Identifier: MIT
/*
 * Claim: a full disk says ENOSPC to what needs room and to nothing else, loses nothing that was there, and goes on when there is
 * room again. run.sh says what to do.
 */
#include "file_agent.h"

int main(void)
{
    agent_main();
    test_success();
}
