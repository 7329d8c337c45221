# SPDX-License-Identifier: MIT
# Two disks and a CD-ROM of one QEMU. QEMU 7.2 maps every page for its request alone (no feature-persistent) and knows neither
# indirect segments nor several queues; its rings may have up to 16 pages.
cd "$RIG" || error "no folder"
head -c 8388608 /dev/urandom >a.raw
head -c 1048576 /dev/urandom >c.iso
qemu-img create -q -f qcow2 b.qcow2 8M || error "no qcow2 image"
b_words="format=qcow2,backendtype=qdisk,vdev=xvdb,access=rw,target=$RIG/b.qcow2"
guest_start "$TEST" "disk=[
    \"format=raw,backendtype=qdisk,vdev=xvda,access=rw,target=$RIG/a.raw\", \"$b_words\",
    \"format=raw,backendtype=qdisk,vdev=xvdc,access=ro,devtype=cdrom,target=$RIG/c.iso\"]"
id=$(domain_id "$TEST")
backend=/local/domain/0/backend/qdisk/$id
qemu() {
    "$DIR/qmp" "/run/xen/qmp-libxenstat-$id" "$@" || fail "QEMU refused $*"
}
expect_console "$TEST" '^ready'
xenstore-ls "$backend/51712"
case "$TYPE" in pv) depth=32 ;; *) depth=512 ;; esac # test.cfg has blkring=
expect_answer "$TEST" 'info xvda' "* size=8388608 block=512 * best=45056 depth=$depth queues=1 granularity=512 * features=cache,discard"
expect_answer "$TEST" 'info xvdb' "* online size=8388608 * depth=$depth * features=cache,discard"
expect_answer "$TEST" 'info xvdc' '* online size=1048576 * features=readonly,cdrom,cache'

expect_answer "$TEST" 'read xvda 0 0x800000' "= read 0 $(crc32 <a.raw) same"
expect_answer "$TEST" 'read xvdc 0 0x100000' "= read 0 $(crc32 <c.iso) same"
expect_answer "$TEST" 'write xvdc 0 4096 1' '= write -30 *'
# Both at once.
expect_answer "$TEST" 'start xvda 0 0x100000 5' '= start 0 16'
expect_answer "$TEST" 'random xvdb 0 0x800000 0x800000 2' '= random wrong 0 failed 0 *'
expect_answer "$TEST" 'collect' '= collect 16 of 16, 0'
expect_answer "$TEST" 'random xvda 0x400000 0x400000 0x800000 3' '= random wrong 0 failed 0 *'
expect_answer "$TEST" 'flush xvda' '= flush 0'
expect_answer "$TEST" 'read xvda 0 0x800000' "= read 0 $(crc32 <a.raw) same"

before=$(stat -c %b a.raw)
expect_answer "$TEST" 'discard xvda 0x400000 0x200000' '= discard 0'
after=$(stat -c %b a.raw)
[ "$after" -le $((before - 4096)) ] || fail "2 MiB were discarded: of $before blocks $after are left"
expect_answer "$TEST" 'discard xvda 0 4096 1' '= discard -95'

qemu '{"execute": "block_resize", "arguments": {"node-name": "xvda-raw", "size": 12582912}}'
expect_console "$TEST" '^! resized xvda online 12582912'
expect_answer "$TEST" 'write xvda 0x800000 0x400000 4' '= write 0 *'
[ "${ANSWER% same}" = "= write 0 $(tail -c +8388609 a.raw | crc32)" ] || fail "the new part is not what was written"

# Away and back, by the toolstack.
expect_answer "$TEST" 'flush xvdb' '= flush 0'
ask "$TEST" 'read xvdb 0 0x800000'
xl block-detach "$TEST" xvdb || fail "xvdb cannot be detached"
expect_console "$TEST" '^! state xvdb absent'
qemu-img check -q b.qcow2 || fail "the qcow2 image is not whole"
qemu-img convert -O raw b.qcow2 b.raw || error "the qcow2 image cannot be read"
[ "$ANSWER" = "= read 0 $(crc32 <b.raw) same" ] || fail "$ANSWER; in the image is $(crc32 <b.raw)"
from=$(console_size "$TEST")
xl block-attach "$TEST" "$b_words" || fail "xvdb could not be given back"
expect_console "$TEST" '^! state xvdb online' "$TIMEOUT" "$from"
expect_answer "$TEST" 'read xvdb 0 0x800000' "= read 0 $(crc32 <b.raw) same"

# stop_with_work: QEMU dies while 16 writes are under way. Nobody tells the guest: they wait.
stop_with_work() {
    kill -STOP "$1"
    expect_answer "$TEST" "start xvda 0x100000 0x100000 $2" '= start 0 16'
    kill -KILL "$1"
    expect_answer "$TEST" 'info xvda' '* online *'
}
finish() {
    [ -s pid ] && kill -KILL "$(cat pid)" 2>/dev/null # the one that xl knows nothing of
}
trap finish EXIT
pid=$(xenstore-read "/local/domain/$id/image/device-model-pid")
cp "/proc/$pid/cmdline" qemu.args
stop_with_work "$pid" 8
# A QEMU that starts again, as a driver domain would: everything is done, nothing twice, and a flush knows that there was a gap.
for disk in 51712 51728 51744; do
    xenstore-write "$backend/$disk/state" 1
done
from=$(console_size "$TEST")
xargs -0 sh -c '"$@" >log 2>&1 & echo $! >pid' sh <qemu.args
expect_console "$TEST" '^! state xvda online' "$TIMEOUT" "$from"
expect_answer "$TEST" 'collect' '= collect 16 of 16, 0'
expect_answer "$TEST" 'flush xvda' '= flush -5'
expect_answer "$TEST" 'flush xvda' '= flush 0'
expect_answer "$TEST" 'check xvda 0x100000 0x100000 8' '= check 0 * same'
# It dies for good. xl waits 10 s for its word before it does this; then the requests end.
stop_with_work "$(cat pid)" 9
xenstore-rm "/local/domain/$id/device/vbd/51712"
expect_console "$TEST" '^! state xvda absent'
expect_answer "$TEST" 'collect' '= collect 0 of 16, -6'
expect_answer "$TEST" 'info xvda' '* absent *'
ask "$TEST" 'stats xvda'
echo "$ANSWER"
console_type "$TEST" 'quit\n'
expect_result "$TEST"
pass
