// SPDX-License-Identifier: MIT
/*
 * Claim: a directory whose list is far above one message (1,000 children, 27 KB) is read whole.
 */
#include <string.h>

#include "peer.h"

#define CHILDREN 1000

int main(void)
{
    static unsigned char seen[CHILDREN + 1];
    char **names;
    size_t nr;

    (void)peer_wait_u64("data/ready");
    CHECK_EQUAL(xs_directory(XS_TX_NONE, "data/big", &names, &nr), 0);
    CHECK_EQUAL(nr, CHILDREN);
    for (size_t i = 0; i < nr; i++) {
        unsigned long number = strtoul(names[i] + strlen("child-with-a-long-name-"), NULL, 10);

        CHECK(strncmp(names[i], "child-with-a-long-name-", 23) == 0);
        CHECK(number >= 1 && number <= CHILDREN && !seen[number]);
        seen[number] = 1;
    }
    heap_free(names);
    CHECK_EQUAL(xs_mkdir(XS_TX_NONE, "data/empty"), 0);
    CHECK_EQUAL(xs_directory(XS_TX_NONE, "data/empty", &names, &nr), 0);
    CHECK_EQUAL(nr, 0);
    heap_free(names);
    test_success();
}
