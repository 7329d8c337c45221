# SPDX-License-Identifier: MIT
# The disk below is suspended, so that requests are under way when it is taken away.
disk=$RIG/disk.img
truncate -s 8M "$disk"
loop=$(losetup -f)
losetup "$loop" "$disk" || error "no loop device"
finish() {
    dmsetup resume --noudevsync slow
    domain_destroy "$TEST"
    dmsetup remove --retry --noudevsync slow
    losetup -d "$loop"
}
trap finish EXIT
echo "0 16384 linear $loop 0" | dmsetup create --noudevsync slow || error "no device-mapper"
[ -b /dev/mapper/slow ] || dmsetup mknodes slow
disk_words='format=raw,vdev=xvda,access=rw,target=/dev/mapper/slow'
guest_start "$TEST" "disk=[\"$disk_words\"]"
expect_console "$TEST" '^ready'
id=$(domain_id "$TEST")
for turn in 1 2 3; do
    expect_answer "$TEST" 'info xvda' "* online * generation=$turn *"
    expect_answer "$TEST" "write xvda 0 0x100000 $turn" '= write 0 *'
    dmsetup suspend --noudevsync --nolockfs slow || error "the disk cannot be suspended"
    expect_answer "$TEST" 'start xvda 0x100000 0x100000 5' '= start 0 16'
    from=$(console_size "$TEST")
    xl block-detach "$TEST" xvda >"$RIG/detach.log" 2>&1 &
    expect_console "$TEST" '^! state xvda absent' "$TIMEOUT" "$from"
    expect_answer "$TEST" 'read xvda 0 512' '= read -6 *'
    dmsetup resume --noudevsync slow
    wait
    expect_answer "$TEST" 'collect' '= collect * of 16, *'
    case "$ANSWER" in
    '= collect 16 of 16, 0' | '= collect '*', -6') ;;
    *) fail "after the detach: $ANSWER" ;;
    esac
    ! xenstore-exists "/local/domain/$id/device/vbd/51712" 2>/dev/null || fail "it is still there: $(cat "$RIG/detach.log")"
    from=$(console_size "$TEST")
    xl block-attach "$TEST" "$disk_words" || fail "it could not be given back"
    expect_console "$TEST" '^! state xvda online' "$TIMEOUT" "$from"
    expect_answer "$TEST" "check xvda 0 0x100000 $turn" '= check 0 * same'
done
expect_answer "$TEST" 'random xvda 0 0x800000 0x1000000 2' '= random wrong 0 failed 0 *'
console_type "$TEST" 'quit\n'
expect_result "$TEST"
pass
