# SPDX-License-Identifier: MIT
# Types the lines that main.c waits for.
guest_start
expect_console "$TEST" "PROMPT poll"
console_type "$TEST" 'by poll\r'
expect_console "$TEST" "PROMPT select"
console_type "$TEST" 'by sele'
console_type "$TEST" 'ct\r'
expect_console "$TEST" "PROMPT epoll 0"
console_type "$TEST" 'by epoll\r'
expect_console "$TEST" "PROMPT epoll 1"
console_type "$TEST" 'by epoll\r'
expect_console "$TEST" "PROMPT epoll 2"
console_type "$TEST" 'by epoll\r'
expect_result "$TEST"
pass
