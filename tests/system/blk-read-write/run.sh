# SPDX-License-Identifier: MIT
# One disk, a file in dom0's memory.

# sum OFFSET BYTES: crc32(1) of that part of the disk's file, both in MiB.
sum() {
    dd if="$disk" bs=1M skip="$1" count="$2" 2>/dev/null | crc32
}

disk=$RIG/disk.img
head -c 16777216 /dev/urandom >"$disk"
guest_start "$TEST" "disk=[\"format=raw,vdev=xvda,access=rw,target=$disk\"]"
expect_console "$TEST" '^ready'

expect_answer "$TEST" 'read xvda 0 0x1000000' "= read 0 $(sum 0 16) same"
ask "$TEST" 'write xvda 0x400000 0x800000 7'
[ "$ANSWER" = "= write 0 $(sum 4 8) same" ] || fail "the guest: $ANSWER; in the file is $(sum 4 8)"
expect_answer "$TEST" 'check xvda 0x400000 0x800000 7' '= check 0 * same'
expect_answer "$TEST" 'flush xvda' '= flush 0'
expect_answer "$TEST" 'random xvda 0 0x1000000 0x40000000 1' '= random wrong 0 failed 0 *'
ask "$TEST" 'read xvda 0 0x1000000'
[ "$ANSWER" = "= read 0 $(sum 0 16) same" ] || fail "the guest: $ANSWER; in the file is $(sum 0 16)"
ask "$TEST" 'stats xvda'
echo "$ANSWER"
console_type "$TEST" 'quit\n'
expect_result "$TEST"
pass
