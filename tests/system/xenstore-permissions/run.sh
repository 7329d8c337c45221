# SPDX-License-Identifier: MIT
guest_start
id=$(domain_id "$TEST")
home=/local/domain/$id
xenstore_wait "$home/data/set" '^1$' || fail "the guest did not set permissions"
xenstore-ls -p "$home/data" | grep -q "^ours.*(n$id,r0,b1234)" || fail "dom0 sees $(xenstore-ls -p "$home/data" | grep ours)"
xenstore-write "$home/data/theirs" secret "$home/data/readable" public
xenstore-chmod "$home/data/theirs" n0
xenstore-chmod "$home/data/readable" n0 "r$id"
xenstore-write "$home/data/locked" 1
expect_result "$TEST"
[ "$(xenstore-read "$home/data/theirs")" = secret ] || fail "the guest changed a node that it may not"
pass
