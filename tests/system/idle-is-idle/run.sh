# SPDX-License-Identifier: MIT
# CPU time is a matter of duration, so this one test has to let some pass.
cpu_seconds() {
    xl list "$(domain_id "$TEST")" | awk 'NR == 2 { print $NF }'
}

guest_start
expect_console "$TEST" '^idle now'
sleep 1
before=$(cpu_seconds)
sleep 4
after=$(cpu_seconds)
echo "CPU time by xl list: $before s, 4 s later $after s"
[ -n "$before" ] || error "xl list does not show the domain"
[ "$before" = "$after" ] || fail "an idle domain's CPU time went from $before to $after s"
expect_result "$TEST"
pass
