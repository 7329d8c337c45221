# SPDX-License-Identifier: MIT
# One guest after another with other words on its command line; and one to which the backend comes back again and again, with other settings.
parameters=/sys/module/xen_blkback/parameters
driver=/sys/bus/xen-backend/drivers/vbd
disk=$RIG/disk.img
truncate -s 4M "$disk"

# work NAME INFO: the guest's info fits, and what it has read is what is in the file. Leaves its statistics in $ANSWER.
work() {
    expect_answer "$1" 'info xvda' "$2"
    expect_answer "$1" 'random xvda 0 0x400000 0x800000 5' '= random wrong 0 failed 0 *'
    expect_answer "$1" 'flush xvda' "= flush ${3:-0}"
    ask "$1" 'read xvda 0 0x400000'
    [ "$ANSWER" = "= read 0 $(crc32 <"$disk") same" ] || fail "$1: $ANSWER; in the file is $(crc32 <"$disk")"
    ask "$1" 'stats xvda'
    echo "$1: $ANSWER"
}

# begin NAME EXTRA; end NAME
begin() {
    guest_start "$1" "extra=\"$2\"" "disk=[\"format=raw,vdev=xvda,access=rw,target=$disk\"]"
    expect_console "$1" '^ready'
}
end() {
    console_type "$1" 'quit\n'
    expect_result "$1"
    domain_destroy "$1"
}

# grants: of the last statistics, how many there were for the guest's own memory.
grants() {
    echo "$ANSWER" | sed 's/.* grants=\([0-9]*\) .*/\1/'
}

queues=$(cat "$parameters/max_queues")
restore() {
    echo "$queues" >"$parameters/max_queues"
    echo Y >"$parameters/feature_persistent"
}
trap restore EXIT
echo 4 >"$parameters/max_queues"

begin ring1 "blkring=1 blksegments=0"
work ring1 '* best=45056 depth=64 queues=1 *'
[ "$(grants)" = 0 ] || fail "memory was granted though grants are kept: $ANSWER"
end ring1
begin ring2 "blkring=2 blksegments=32"
work ring2 '* best=131072 depth=128 *'
end ring2
begin ring3 "blkring=3 blkpersistent=0"
work ring3 '* best=1048576 depth=256 *'
[ "$(grants)" != 0 ] || fail "no grant was made: $ANSWER"
end ring3
begin ring4 "blkring=4 blkqueues=4 blkpersistent=0 blksegments=0"
work ring4 '* best=45056 depth=2048 queues=4 *'
[ "$(grants)" != 0 ] || fail "no grant was made: $ANSWER"
end ring4

begin ring0 ""
work ring0 '* best=1048576 depth=32 queues=1 * features=cache,discard'
[ "$(grants)" = 0 ] || fail "memory was granted though grants are kept: $ANSWER"
device=vbd-$(domain_id ring0)-51712
front=/local/domain/$(domain_id ring0)/device/vbd/51712
back=/local/domain/0/backend/vbd/$(domain_id ring0)/51712

# away: the backend lets go; back: it takes the device again. What was not flushed may be lost: nothing is open here.
away() {
    echo "$device" >"$driver/unbind" || error "the backend cannot be taken away"
}
back() {
    local from
    from=$(console_size ring0)
    echo "$device" >"$driver/bind" || error "the backend cannot be given back"
    expect_console ring0 '^! state xvda online' "$TIMEOUT" "$from"
}
away
echo N >"$parameters/feature_persistent"
back
work ring0 '* best=1048576 *'
before=$(grants)
[ "$before" != 0 ] || fail "no grant was made: $ANSWER"
away
xenstore-write "$front/trusted" 0
back
work ring0 '* best=1048576 *'
[ "$(grants)" = "$before" ] || fail "memory was granted to one not trusted: $ANSWER"
echo Y >"$parameters/feature_persistent"

# Linux always offers a flush beside the barrier, and no disk of this dom0 can erase securely. So what it offers is changed while the guest stands
# still: once the backend has what it needs to connect, the disk's number, it does.
away
number=$(xenstore-read "$back/physical-device")
xenstore-rm "$back/physical-device"
xenstore-write "$front/state" 1 "$front/trusted" 1
from=$(console_size ring0)
echo "$device" >"$driver/bind" || error "the backend cannot be given back"
xenstore_wait "$front/state" '^4$' >/dev/null || fail "ring0 does not come back"
xl pause "$(domain_id ring0)"
xenstore-write "$back/physical-device" "$number"
xenstore_wait "$back/state" '^4$' >/dev/null || error "the backend does not connect"
xenstore-rm "$back/feature-flush-cache"
xenstore-write "$back/discard-secure" 1
xl unpause "$(domain_id ring0)"
expect_console ring0 '^! state xvda online' "$TIMEOUT" "$from"
work ring0 '* features=cache,discard,secure'
[ "$(cat "/sys/bus/xen-backend/devices/$device/statistics/f_req")" = 1 ] || fail "no barrier came"
expect_answer ring0 'discard xvda 0 0x100000 1' '= discard 0'
[ "$(cat "/sys/bus/xen-backend/devices/$device/statistics/ds_req")" = 1 ] || fail "no discard came"
end ring0
pass
