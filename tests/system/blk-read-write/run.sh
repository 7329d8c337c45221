# SPDX-License-Identifier: MIT
# One disk, a file in dom0's memory. ask COMMAND: the agent's answer.
ask() {
    local from
    from=$(console_size "$TEST")
    console_type "$TEST" "$1\n"
    answer=$(console_expect "$TEST" '^= ' "$TIMEOUT" "$from" | tr -d '\r') || fail "no answer to: $1"
}

# sum OFFSET BYTES: crc32(1) of that part of the disk's file, both in MiB.
sum() {
    dd if="$disk" bs=1M skip="$1" count="$2" 2>/dev/null | crc32
}

disk=$RIG/disk.img
head -c 1048576 /dev/urandom >"$disk.1"
for i in $(seq 64); do
    printf '%0512d' "$i"
    tail -c +513 "$disk.1"
done >"$disk"
guest_start "$TEST" "disk=[\"format=raw,vdev=xvda,access=rw,target=$disk\"]"
expect_console "$TEST" '^ready'
ask 'info xvda'
echo "$answer"

ask 'read xvda 0 0x4000000'
[ "$answer" = "= read 0 $(sum 0 64) same" ] || fail "dom0 wrote $(sum 0 64), the guest read: $answer"
ask 'write xvda 0x1000000 0x2000000 7'
[ "$answer" = "= write 0 $(sum 16 32) same" ] || fail "the guest wrote: $answer; in the file is $(sum 16 32)"
ask 'check xvda 0x1000000 0x2000000 7'
ask 'flush xvda'
[ "$answer" = '= flush 0' ] || fail "$answer"
ask 'random xvda 0 0x4000000 0x40000000 1'
echo "$answer"
case "$answer" in
'= random wrong 0 failed 0 '*) ;;
*) fail "$answer" ;;
esac
ask 'read xvda 0 0x4000000'
[ "$answer" = "= read 0 $(sum 0 64) same" ] || fail "in the file is $(sum 0 64), the guest read: $answer"
ask 'stats xvda'
echo "$answer"
console_type "$TEST" 'quit\n'
expect_result "$TEST"
pass
