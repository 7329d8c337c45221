# SPDX-License-Identifier: MIT
# Looks at the messages.
guest_start
expect_console "$TEST" '^tester\[1\]: a message: 100% No such file or directory 42'
expect_console "$TEST" '^xenolith: trouble 1: Permission denied'
expect_console "$TEST" '^xenolith: trouble 2'
expect_result "$TEST"
grep -q 'nobody sees this' "$(console_file "$TEST")" && fail "a masked message was shown"
pass
