# SPDX-License-Identifier: MIT
# One guest after another, each with other words on its command line or another setting of dom0's backend.
parameters=/sys/module/xen_blkback/parameters
disk=$RIG/disk.img
truncate -s 8M "$disk"

# turn NAME EXTRA INFO [TRUSTED]: a guest works, its info fits, and what it read is what is in the file.
turn() {
    guest_create "$1" "extra=\"$2\"" "disk=[\"format=raw,vdev=xvda,access=rw,target=$disk\"]"
    # Not every xl has a word for it.
    xenstore-write "/local/domain/$(domain_id "$1")/device/vbd/51712/trusted" "${4:-1}"
    domain_unpause "$1" || error "xl could not unpause $1"
    expect_console "$1" '^ready'
    expect_answer "$1" 'info xvda' "$3"
    expect_answer "$1" 'random xvda 0 0x800000 0x1000000 5' '= random wrong 0 failed 0 *'
    expect_answer "$1" 'flush xvda' '= flush 0'
    ask "$1" 'read xvda 0 0x800000'
    [ "$ANSWER" = "= read 0 $(crc32 <"$disk") same" ] || fail "$1: $ANSWER; in the file is $(crc32 <"$disk")"
    ask "$1" 'stats xvda'
    echo "$1: $ANSWER"
    console_type "$1" 'quit\n'
    expect_result "$1"
    domain_destroy "$1"
}

queues=$(cat "$parameters/max_queues")
restore() {
    echo "$queues" >"$parameters/max_queues"
    echo Y >"$parameters/feature_persistent"
}
trap restore EXIT
echo 4 >"$parameters/max_queues"
for order in 0 1 2 3 4; do
    turn "ring$order" "blkring=$order" "* depth=$((32 << order)) *"
done
turn queues "blkqueues=4 blkring=1" '* depth=256 queues=4 *'
turn segments0 "blksegments=0" '* best=45056 *'
turn segments32 "blksegments=32" '* best=131072 *'
turn direct "blkpersistent=0" '* best=1048576 *'
case "$ANSWER" in *grants=0*) fail "no grant was made: $ANSWER" ;; esac
turn direct0 "blkpersistent=0 blksegments=0" '* best=45056 *'
echo N >"$parameters/feature_persistent"
turn unkept "" '* best=1048576 *'
case "$ANSWER" in *grants=0*) fail "no grant was made: $ANSWER" ;; esac
echo Y >"$parameters/feature_persistent"
turn untrusted "blkpersistent=0" '* best=1048576 *' 0
case "$ANSWER" in *grants=0*) ;; *) fail "memory was granted to one not trusted: $ANSWER" ;; esac
pass
