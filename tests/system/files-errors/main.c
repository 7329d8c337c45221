// SPDX-License-Identifier: MIT
/*
 * Claim: a disk that fails below a file system costs an errno, not the domain: what cannot be read says EIO and can be read later; what
 * cannot be written stops all further changes, and nothing that was synced is lost. run.sh says what to do.
 */
#include "file_agent.h"

int main(void)
{
    agent_main();
    test_success();
}
