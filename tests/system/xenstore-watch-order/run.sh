# SPDX-License-Identifier: MIT
guest_start
home=/local/domain/$(domain_id "$TEST")
xenstore_wait "$home/data/ready" '^1$' || fail "the guest is not ready"
i=1
while [ $i -le 100 ]; do
    xenstore-write "$home/data/seq/$i" x
    i=$((i + 1))
done
expect_result "$TEST"
pass
