# SPDX-License-Identifier: MIT
guest_start
home=/local/domain/$(domain_id "$TEST")
xenstore_wait "$home/data/from-guest" '^hello dom0$' || fail "the guest wrote nothing"
xenstore-write "$home/data/from-dom0" "hello guest"
expect_result "$TEST"
xenstore-exists "$home/data/dir/sub" || fail "dom0 does not see the directory"
pass
