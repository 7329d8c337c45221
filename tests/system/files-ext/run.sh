# SPDX-License-Identifier: MIT
# Each kind of file system: work, e2fsck, look again.

disk=$RIG/$TEST/disk
mkdir -p "$RIG/$TEST"

run_guest() {
    guest_start "$TEST" "disk=[\"format=raw,vdev=xvda,access=rw,target=$disk\"]" "extra=\"$*\""
    expect_result "$TEST"
    domain_destroy "$TEST"
}

seed=1
for kind in "ext4" "ext4 -b 1024" "ext3" "ext2 -b 1024" "ext4 -O ^has_journal,bigalloc"; do
    rm -f "$disk"
    # shellcheck disable=SC2086
    /sbin/mke2fs -q -F -t $kind "$disk" 64M 2>"$RIG/$TEST/mke2fs.log" || error "mke2fs -t $kind: $(cat "$RIG/$TEST/mke2fs.log")"
    run_guest work $seed 300
    /sbin/e2fsck -f -n "$disk" >"$RIG/$TEST/e2fsck.log" 2>&1 || {
        cat "$RIG/$TEST/e2fsck.log"
        fail "e2fsck is not content with $kind"
    }
    run_guest check $seed 300 unmount
    /sbin/e2fsck -f -n "$disk" >"$RIG/$TEST/e2fsck.log" 2>&1 || fail "e2fsck is not content with $kind that was only looked at"
    echo "$kind: fine"
    seed=$((seed + 1))
done
pass
