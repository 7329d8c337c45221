# SPDX-License-Identifier: MIT
# Counts the lines in dom0's log: each there once, in order.
guest_start
expect_result "$TEST"
bad=$(tr -d '\r' <"$(console_file "$TEST")" | awk '
    /^line / { if ($0 != sprintf("line %010d", nr)) { print "line " nr " is: " $0; exit } nr++ }
    END { if (nr != 65536) print nr " lines" }')
[ -z "$bad" ] || fail "$bad"
pass
