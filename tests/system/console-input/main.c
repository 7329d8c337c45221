// SPDX-License-Identifier: MIT
/*
 * Claim: what is typed on the console arrives line by line, edited by its keys; ^D on an empty line is the end of
 * the file. The script types it when it sees what it waits for.
 */
#include <string.h>

#include "system_test.h"

static void expect_line(const char *prompt, const char *want)
{
    char line[256];

    printf("%s\n", prompt);
    fflush(stdout);
    if (fgets(line, sizeof(line), stdin) == NULL) {
        test_failure("end of file instead of a line");
    }
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, want) != 0) {
        test_failure("read '%s', not '%s'", line, want);
    }
}

int main(void)
{
    expect_line("PROMPT 1", "plain words");
    expect_line("PROMPT 2", "erased");
    expect_line("PROMPT 3", "new line");
    printf("PROMPT 4\n");
    fflush(stdout);
    if (getchar() != EOF || !feof(stdin)) {
        test_failure("^D is not the end of the file");
    }
    test_success();
}
