# SPDX-License-Identifier: MIT
guest_start
expect_console "$TEST" '^ready'
xenstore_wait "/local/domain/$(domain_id "$TEST")/control/feature-reboot" '^1$' >/dev/null ||
    fail "feature-reboot is not announced"
xl reboot "$TEST" || fail "xl reboot refused"
expect_end "$TEST" poweroff
[ "$(domain_status "$TEST")" = 23 ] || fail "status '$(domain_status "$TEST")', not 23"
pass
