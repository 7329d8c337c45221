# SPDX-License-Identifier: MIT
# The registers that main.c set, the ud2 under RIP, and two callers in the backtrace.
guest_start
expect_console "$TEST" "panic: invalid opcode"
expect_console "$TEST" "thread 'main', $TYPE, "
expect_console "$TEST" "rax=1111222233334444 "
expect_console "$TEST" "r15=5555666677778888 "
expect_console "$TEST" "code:.* <0f> 0b "
expect_console "$TEST" "#0 0x[0-9a-f]{16} \\(rip\\)"
expect_console "$TEST" "#2 0x[0-9a-f]{16}"
expect_console "$TEST" "panic: end"
expect_end "$TEST" crash
pass
