# SPDX-License-Identifier: MIT
# Types what main.c waits for, and looks at the echo.
guest_start
expect_console "$TEST" "PROMPT 1"
console_type "$TEST" 'plain words\r'
expect_console "$TEST" "^plain words"
expect_console "$TEST" "PROMPT 2"
console_type "$TEST" 'erassd\0177\0177ed\r'
expect_console "$TEST" "^erassd.*ed"
expect_console "$TEST" "PROMPT 3"
console_type "$TEST" 'killed\0025not this word\0027\0027\0027new line\r'
expect_console "$TEST" "PROMPT 4"
console_type "$TEST" '\0004'
expect_result "$TEST"
pass
