# SPDX-License-Identifier: MIT
# Looks at dom0's log: each of the 65,536 lines there once, in order. The sum is that of
# "line 0000000000\n" to "line 0000065535\n"; only if it differs is the place looked for, which takes long here.
guest_start
expect_result "$TEST"
sum=$(tr -d '\r' <"$(console_file "$TEST")" | grep '^line ' | md5sum)
[ "$sum" = "aad8366bc0be9c02e0a18614a16662f2  -" ] && pass
bad=$(tr -d '\r' <"$(console_file "$TEST")" | awk '
    /^line / { if ($0 != sprintf("line %010d", nr)) { print "line " nr " is: " $0; exit } nr++ }
    END { if (nr != 65536) print nr " lines" }')
fail "$bad"
