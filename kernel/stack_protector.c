// SPDX-License-Identifier: MIT
/*
 * What the compiler's stack protector calls (-mstack-protector-guard=global). arch/x86 gives the guard a new value
 * each boot, before the first protected function runs.
 */
#include <stdint.h>

#include <xenolith/compiler.h>
#include <xenolith/panic.h>

extern uintptr_t __stack_chk_guard;
NORETURN void __stack_chk_fail(void);

/* A NUL byte first stops string overruns even if the seed should be known. */
uintptr_t __stack_chk_guard = 0x5a17c0de9be3d100UL;

void __stack_chk_fail(void)
{
    panic("stack smashing detected in the function at %p", __builtin_return_address(0));
}
