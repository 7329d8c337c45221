# SPDX-License-Identifier: MIT
# dom0's backend driver lets go of the device and takes it again while the guest works. To the guest this is a backend that crashed: Linux
# says nothing before it waits for a frontend again.
driver=/sys/bus/xen-backend/drivers/vbd
disk=$RIG/disk.img
truncate -s 16M "$disk"
guest_start "$TEST" "disk=[\"format=raw,vdev=xvda,access=rw,target=$disk\"]"
expect_console "$TEST" '^ready'
device=vbd-$(domain_id "$TEST")-51712
from=$(console_size "$TEST")
console_type "$TEST" 'random xvda 0 0x1000000 0x20000000 1\n'
turns=0
while [ $turns -lt 5 ]; do
    at=$(console_size "$TEST")
    echo "$device" >"$driver/unbind" || error "the backend cannot be taken away"
    echo "$device" >"$driver/bind" || error "the backend cannot be given back"
    expect_console "$TEST" '^! state xvda held' "$TIMEOUT" "$at"
    expect_console "$TEST" '^! state xvda online' "$TIMEOUT" "$at"
    turns=$((turns + 1))
done
expect_console "$TEST" '^= random wrong 0 failed 0 ' "$TIMEOUT" "$from"
ask "$TEST" 'read xvda 0 0x1000000'
[ "$ANSWER" = "= read 0 $(crc32 <"$disk") same" ] || fail "$ANSWER; in the file is $(crc32 <"$disk")"
# It went without a word, so what had not been flushed may have been lost: said once.
expect_answer "$TEST" 'flush xvda' '= flush -5'
expect_answer "$TEST" 'flush xvda' '= flush 0'
ask "$TEST" 'stats xvda'
echo "$ANSWER"
case "$ANSWER" in *replays=0*) fail "nothing was under way: $ANSWER" ;; esac
console_type "$TEST" 'quit\n'
expect_result "$TEST"
pass
