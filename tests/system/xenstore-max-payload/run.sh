# SPDX-License-Identifier: MIT
guest_start
home=/local/domain/$(domain_id "$TEST")
digits=$(seq 1 400 | sed 's/.*/1234567890/' | tr -d '\n')
xenstore-write "$home/data/from-dom0" "$digits" || error "xenstore-write failed"
# shellcheck disable=SC2046
xenstore-write $(seq 1 128 | while read -r i; do printf '%s/data/full/the-name-of-31-characters-w-%03d x ' "$home" "$i"; done) ||
    error "xenstore-write failed"
xenstore-write "$home/data/ready" 1
expect_result "$TEST"
pass
