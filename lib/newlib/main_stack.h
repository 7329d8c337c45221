// SPDX-License-Identifier: MIT
/*
 * The stack that main() runs on.
 */
#ifndef MAIN_STACK_H
#define MAIN_STACK_H

#include <stddef.h>

/** main_stack_bytes() - How large it is. */
size_t main_stack_bytes(void);

/** main_stack_run() - Call @fn on it: here, or in a thread made for it. @fn ends the domain. */
void main_stack_run(void (*fn)(void *unused));

#endif
