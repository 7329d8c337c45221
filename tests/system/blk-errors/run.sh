# SPDX-License-Identifier: MIT
# A device-mapper disk of 8 MiB, of which 1 MiB from 4 MiB on gives errors; later all of it does.
disk=$RIG/disk.img
truncate -s 8M "$disk"
loop=$(losetup -f)
losetup "$loop" "$disk" || error "no loop device"
finish() {
    domain_destroy "$TEST"
    dmsetup remove --retry --noudevsync broken
    losetup -d "$loop"
}
trap finish EXIT
table() {
    printf '0 8192 linear %s 0\n8192 2048 %s\n10240 6144 linear %s 10240\n' "$loop" "$1" "$loop"
}
table error | dmsetup create --noudevsync broken || error "no device-mapper"
[ -b /dev/mapper/broken ] || dmsetup mknodes broken
guest_start "$TEST" 'disk=["format=raw,vdev=xvda,access=rw,target=/dev/mapper/broken"]'
expect_console "$TEST" '^ready'
for turn in 1 2; do
    expect_answer "$TEST" "write xvda 0 0x400000 $turn" '= write 0 *'
    expect_answer "$TEST" 'read xvda 0x400000 4096' '= read -5 *'
    expect_answer "$TEST" 'write xvda 0x400000 0x100000 1' '= write -5 *'
    expect_answer "$TEST" 'read xvda 0x3ff000 0x2000' '= read -5 *' # half of it would be good
    expect_answer "$TEST" "check xvda 0 0x400000 $turn" '= check 0 * same'
    expect_answer "$TEST" "write xvda 0x500000 0x300000 $turn" '= write 0 *'
done
# 16 requests of 64 KiB at once; the 8 in the middle meet the bad part.
expect_answer "$TEST" 'start xvda 0x380000 0x100000 3' '= start 0 16'
expect_answer "$TEST" 'collect' '= collect 8 of 16, -5'
table "linear $loop 8192" | dmsetup load broken
dmsetup resume --noudevsync broken
expect_answer "$TEST" 'random xvda 0 0x800000 0x1000000 2' '= random wrong 0 failed 0 *'
expect_answer "$TEST" 'flush xvda' '= flush 0'
ask "$TEST" 'read xvda 0 0x800000'
[ "$ANSWER" = "= read 0 $(crc32 <"$disk") same" ] || fail "$ANSWER; in the file is $(crc32 <"$disk")"
echo '0 16384 error' | dmsetup load broken
dmsetup resume --noudevsync broken
expect_answer "$TEST" 'write xvda 0 4096 2' '= write -5 *'
expect_answer "$TEST" 'flush xvda' '= flush *'
console_type "$TEST" 'quit\n'
expect_result "$TEST"
pass
