# SPDX-License-Identifier: MIT
# Two domains that learn of each other through dom0; the peer floods. Each has a processor of its own: on one of
# them, all that the peer sends during its turn would be one event in ours.
guest_create "$TEST" 'cpus="1"'
guest_create peer 'cpus="0"'
a=$(domain_id "$TEST")
b=$(domain_id peer)
xenstore-write "/local/domain/$a/data/peer" "$b"
xenstore-write "/local/domain/$b/data/peer" "$a"
domain_unpause "$TEST"
domain_unpause peer
port=$(xenstore_wait "/local/domain/$a/data/port" '^[0-9]' "$TIMEOUT") || error "no port was offered"
xenstore-write "/local/domain/$b/data/port" "$port"
xenstore_wait "/local/domain/$b/data/ready" 1 "$TIMEOUT" || error "the peer did not bind"
xenstore-write "/local/domain/$a/data/start" 1
expect_result "$TEST"
expect_result peer
pass
