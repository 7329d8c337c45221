# SPDX-License-Identifier: MIT
guest_start
expect_console "$TEST" "panic: invalid opcode"
expect_console "$TEST" "thread 'main', in an upcall, $TYPE, "
expect_console "$TEST" "#2 0x[0-9a-f]{16}"
expect_console "$TEST" "panic: end"
expect_console "$TEST" "XLTRACE END crc32="
expect_end "$TEST" crash
pass
