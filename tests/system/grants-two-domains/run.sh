# SPDX-License-Identifier: MIT
# Two domains that learn of each other through dom0, which carries their words over.
guest_create
guest_create peer
a=$(domain_id "$TEST")
b=$(domain_id peer)

# carry FROM TO NODE: wait for FROM's node and write it to TO's.
carry() {
    value=$(xenstore_wait "/local/domain/$1/data/$3" '^[0-9]' "$TIMEOUT") || error "domain $1 never wrote $3"
    xenstore-write "/local/domain/$2/data/$3" "$value"
}

xenstore-write "/local/domain/$a/data/peer" "$b"
xenstore-write "/local/domain/$b/data/peer" "$a"
domain_unpause "$TEST"
domain_unpause peer
for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    carry "$a" "$b" "ref$i"
done
carry "$a" "$b" readonly
carry "$a" "$b" kept
carry "$a" "$b" granted
carry "$b" "$a" mapped
carry "$a" "$b" checked
carry "$b" "$a" unmapped
carry "$a" "$b" ended
carry "$b" "$a" refused
expect_result "$TEST"
expect_result peer
pass
