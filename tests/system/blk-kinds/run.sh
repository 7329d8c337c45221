# SPDX-License-Identifier: MIT
# Seven disks of one guest. The losetup is util-linux's: the shell's own knows no large sectors.
cd "$RIG" || error "no folder"
for i in a b d e f; do
    truncate -s 4M "$i.img"
done
printf 'read me' | dd of=b.img conv=notrunc 2>/dev/null
truncate -s 3298534883328 c.img # 3 TiB
loop=$(losetup -f)
/usr/sbin/losetup --sector-size 4096 "$loop" d.img || error "no loop device with large sectors"
finish() {
    domain_destroy "$TEST"
    losetup -d "$loop"
}
trap finish EXIT
guest_start "$TEST" "disk=[
    \"format=raw,vdev=xvda,access=rw,target=$RIG/a.img\",
    \"format=raw,vdev=xvdb,access=ro,target=$RIG/b.img\",
    \"format=raw,vdev=sda,access=rw,target=$RIG/c.img\",
    \"format=raw,vdev=xvdd,access=rw,target=$loop\",
    \"format=raw,vdev=hdc,access=rw,target=$RIG/e.img\",
    \"format=raw,vdev=xvde1,access=rw,target=$RIG/f.img\",
    \"format=raw,vdev=xvdf,access=ro,devtype=cdrom,target=$RIG/b.img\"]"
expect_console "$TEST" '^ready'
expect_answer "$TEST" 'info xvda' '* online size=4194304 block=512 *'
expect_answer "$TEST" 'info xvdb' '* online * features=readonly*'
expect_answer "$TEST" 'info sda' '= info sda online size=3298534883328 block=512 *'
expect_answer "$TEST" 'info xvdd' '* online size=4194304 block=4096 physical=4096 *'
expect_answer "$TEST" 'info xvdc' '= info hdc online size=4194304 *'
expect_answer "$TEST" 'info xvde1' '= info xvde1 online *'

expect_answer "$TEST" 'read xvdb 0 0x400000' "= read 0 $(crc32 <b.img) same"
expect_answer "$TEST" 'write xvdb 0 4096 1' '= write -30 *'
expect_answer "$TEST" 'info xvdf' '* online * features=readonly,cdrom*'
expect_answer "$TEST" 'read xvdf 0 0x400000' "= read 0 $(crc32 <b.img) same"
expect_answer "$TEST" 'discard xvdb 0 4096' '= discard -30'

# At 2 TiB - 64 KiB, across 2^32 sectors.
expect_answer "$TEST" 'write sda 0x1ffffff0000 0x20000 9' '= write 0 *'
sum=${ANSWER#= write 0 }
found=$(dd if=c.img bs=65536 skip=33554431 count=2 2>/dev/null | crc32)
[ "$sum" = "$found same" ] || fail "beyond 2 TiB: $sum was written, in the file is $found"
expect_answer "$TEST" 'check sda 0x1ffffff0000 0x20000 9' '= check 0 * same'
expect_answer "$TEST" 'write sda 0x2ffffff0000 0x10000 3' '= write 0 *'
expect_answer "$TEST" 'write sda 0x30000000000 512 3' '= write -22 *'

expect_answer "$TEST" 'read xvdd 512 4096' '= read -22 *'
expect_answer "$TEST" 'read xvdd 0 512' '= read -22 *'
expect_answer "$TEST" 'random xvdd 0 0x400000 0x1000000 4' '= random wrong 0 failed 0 *'
expect_answer "$TEST" 'read xvdd 0 0x400000' "= read 0 $(crc32 <"$loop") same"

expect_answer "$TEST" 'write xvda 0 0x400000 6' '= write 0 *'
before=$(stat -c %b a.img)
expect_answer "$TEST" 'discard xvda 0x100000 0x200000' '= discard 0'
after=$(stat -c %b a.img)
[ "$after" -le $((before - 4096)) ] || fail "2 MiB were discarded: of $before blocks $after are left"
expect_answer "$TEST" 'check xvda 0 0x100000 6' '= check 0 * same'
expect_answer "$TEST" 'check xvda 0x300000 0x100000 6' '= check 0 * same'
expect_answer "$TEST" 'discard xvda 0 4096 1' '= discard -95'

expect_answer "$TEST" 'write hdc 0 0x400000 8' '= write 0 *'
expect_answer "$TEST" 'write xvde1 0 0x400000 8' '= write 0 *'
cmp e.img f.img || fail "two disks that were written the same differ"
console_type "$TEST" 'quit\n'
expect_result "$TEST"
pass
