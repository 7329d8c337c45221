# SPDX-License-Identifier: MIT
# A domain that is much smaller than its file; e2fsck judges what is left.

disk=$RIG/$TEST/disk
mkdir -p "$RIG/$TEST"
/sbin/mke2fs -q -F -t ext4 -b 4096 "$disk" 64M 2>"$RIG/$TEST/mke2fs.log" || error "mke2fs: $(cat "$RIG/$TEST/mke2fs.log")"
guest_start "$TEST" "disk=[\"format=raw,vdev=xvda,access=rw,target=$disk\"]"
expect_result "$TEST"
domain_destroy "$TEST"
/sbin/e2fsck -f -n "$disk" >"$RIG/$TEST/e2fsck.log" 2>&1 || {
    cat "$RIG/$TEST/e2fsck.log"
    fail "e2fsck is not content"
}
rm -f "$disk"
pass
