# SPDX-License-Identifier: MIT
guest_start
home=/local/domain/$(domain_id "$TEST")
xenstore_wait "$home/data/ready" '^1$' || fail "the guest is not ready"
# One command for many nodes, written in their order: a process for each would take most of the test's time.
writes=
i=1
while [ $i -le 100 ]; do
    writes="$writes $home/data/seq/$i x"
    i=$((i + 1))
done
# shellcheck disable=SC2086 # words are wanted
xenstore-write $writes
expect_result "$TEST"
pass
