// SPDX-License-Identifier: MIT
/*
 * Claim: the words of `extra=` arrive as argv, quoted ones whole, the system's own words left out, and env.NAME=VALUE
 * in the environment.
 */
#include <string.h>

#include "system_test.h"

int main(int argc, char **argv)
{
    static const char *const should[] = {"one", "two words", "", "a'b", "k=v", "--", "loglevel=x"};

    CHECK(argv[0] != NULL && argv[0][0] != '\0');
    for (int i = 1; i < argc; i++) {
        printf("argv[%d]='%s'\n", i, argv[i]);
    }
    CHECK_EQUAL(argc - 1, 6);
    for (int i = 0; i < 5; i++) {
        CHECK(strcmp(argv[i + 1], should[i]) == 0);
    }
    CHECK(strcmp(argv[6], should[6]) == 0);
    CHECK(argv[argc] == NULL);
    CHECK(getenv("COLOUR") != NULL && strcmp(getenv("COLOUR"), "green") == 0);
    CHECK(getenv("NONE") == NULL);
    test_success();
}
