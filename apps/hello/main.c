// SPDX-License-Identifier: MIT
/*
 * The first program: says hello, shows its arguments, ends.
 */
#include <stdio.h>

int main(int argc, char **argv)
{
    printf("Hello from Xenolith!\n");
    for (int i = 1; i < argc; i++) {
        printf("argv[%d] = %s\n", i, argv[i]);
    }
    return 0;
}
