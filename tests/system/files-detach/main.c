// SPDX-License-Identifier: MIT
/*
 * Claim: a disk that is taken away under a file system answers everybody with an errno, nobody waits for ever, and other disks do not notice; put
 * there again and mounted, it has all that was synced. run.sh says what to do.
 */
#include "file_agent.h"

int main(void)
{
    agent_main();
    test_success();
}
