# SPDX-License-Identifier: MIT
guest_start
id=$(domain_id "$TEST")
home=/local/domain/$id
# The children are dom0's, as their parent is, so that they do not use up the guest's quota of 1,000 nodes.
xenstore-write "$home/data/big" ""
xenstore-chmod "$home/data/big" n0 "r$id"
from=1
while [ $from -lt 1000 ]; do
    # shellcheck disable=SC2046
    xenstore-write $(seq $from $((from + 99)) | sed "s|.*|$home/data/big/child-with-a-long-name-& x|") ||
        error "xenstore-write failed"
    from=$((from + 100))
done
xenstore-write "$home/data/ready" 1
expect_result "$TEST"
pass
