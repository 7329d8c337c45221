# SPDX-License-Identifier: MIT
guest_start
id=$(domain_id "$TEST")
expect_console "$TEST" '^ready'
# The toolstack refuses domains that do not say that they listen.
xenstore_wait "/local/domain/$id/control/feature-poweroff" '^1$' >/dev/null || fail "feature-poweroff is not announced"
xl shutdown "$TEST" || fail "xl shutdown refused"
expect_end "$TEST" poweroff
[ -z "$(xenstore-read "/local/domain/$id/control/shutdown")" ] || fail "the request was not acknowledged"
tr -d '\r' <"$(console_file "$TEST")" | grep -q '^left in the buffer, exit handler ran, no newline behind it' ||
    fail "output was lost at the end"
pass
