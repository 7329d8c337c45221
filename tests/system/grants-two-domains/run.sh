# SPDX-License-Identifier: MIT
# Two domains that learn of each other through dom0, which carries their words over.
guest_pair
own=$(domain_id "$TEST")
peer=$(domain_id peer)

# carry FROM TO NODE: wait for FROM's node and write it to TO's.
carry() {
    value=$(xenstore_wait "/local/domain/$1/data/$3" '^[0-9]' "$TIMEOUT") || error "domain $1 never wrote $3"
    xenstore-write "/local/domain/$2/data/$3" "$value"
}

for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    carry "$own" "$peer" "ref$i"
done
carry "$own" "$peer" readonly
carry "$own" "$peer" kept
carry "$own" "$peer" granted
carry "$peer" "$own" mapped
carry "$own" "$peer" checked
carry "$peer" "$own" unmapped
carry "$own" "$peer" ended
carry "$peer" "$own" refused
expect_result "$TEST"
expect_result peer
pass
