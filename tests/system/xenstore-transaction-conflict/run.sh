# SPDX-License-Identifier: MIT
guest_start
home=/local/domain/$(domain_id "$TEST")
xenstore_wait "$home/data/ask" '^1$' || fail "the guest did not ask"
xenstore-write "$home/data/count" 41
xenstore-write "$home/data/changed" 1
expect_result "$TEST"
[ "$(xenstore-read "$home/data/count")" = 42 ] || fail "dom0 sees another count"
pass
