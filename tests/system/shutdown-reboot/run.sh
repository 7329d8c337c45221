# SPDX-License-Identifier: MIT
guest_start
node=/local/domain/$(domain_id "$TEST")/control/shutdown
expect_console "$TEST" '^ready'
xenstore_wait "/local/domain/$(domain_id "$TEST")/control/feature-reboot" '^1$' >/dev/null ||
    fail "feature-reboot is not announced"
xenstore-write "$node" nonsense
expect_console "$TEST" '"nonsense" ignored'
[ "$(xenstore-read "$node")" = nonsense ] || fail "nonsense was acknowledged"
xl sysrq "$TEST" b
expect_console "$TEST" 'control/sysrq: "b" ignored'
xl reboot "$TEST" || fail "xl reboot refused"
expect_end "$TEST" reboot
pass
