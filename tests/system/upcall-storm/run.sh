# SPDX-License-Identifier: MIT
# Two domains that learn of each other through dom0; the peer floods. Each has a processor of its own: on one of
# them, all that the peer sends during its turn would be one event in ours.
guest_pair 'cpus="0"'
own=$(domain_id "$TEST")
peer=$(domain_id peer)
port=$(xenstore_wait "/local/domain/$own/data/port" '^[0-9]' "$TIMEOUT") || error "no port was offered"
xenstore-write "/local/domain/$peer/data/port" "$port"
xenstore_wait "/local/domain/$peer/data/ready" 1 "$TIMEOUT" || error "the peer did not bind"
xenstore-write "/local/domain/$own/data/start" 1
expect_result "$TEST"
expect_result peer
pass
