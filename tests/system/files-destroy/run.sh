# SPDX-License-Identifier: MIT
# The same disk is worked on by one domain after another, each destroyed after it has said that it synced one, two ... or eight files.
dir=$RIG/$TEST
disk=$dir/disk
mnt=$dir/mnt
mkdir -p "$dir" "$mnt"
finish() {
    domain_destroy "$TEST"
    umount "$mnt" 2>/dev/null
}
trap finish EXIT

/sbin/mke2fs -q -F -t ext4 "$disk" 24M >"$dir/log" 2>&1 || error "mke2fs: $(cat "$dir/log")"
last=0
for turn in 1 2 3 4 5 6 7 8; do
    guest_start "$TEST" "disk=[\"format=raw,vdev=xvda,access=rw,target=$disk\"]" "extra=\"work $last\""
    expect_console "$TEST" "^synced $((last + turn)) |^TEST: " "$TIMEOUT" >"$dir/line"
    domain_destroy "$TEST"
    ! grep '^TEST:' "$dir/line" || exit 0
    cat "$(console_file "$TEST")" >>"$dir/consoles"
    last=$(tr -d '\r' <"$(console_file "$TEST")" | sed -n 's/^synced \([0-9]*\) [0-9a-f]\{8\}$/\1/p' | tail -n 1)
done
echo "$last files were synced"

# as_it_was WHO: the files are in $mnt.
as_it_was() {
    tr -d '\r' <"$dir/consoles" | sed -n 's/^synced \([0-9]*\) \([0-9a-f]\{8\}\)$/\2 \1/p' >"$dir/expected"
    [ "$(wc -l <"$dir/expected")" = "$last" ] || error "the consoles do not tell of $last files"
    (cd "$mnt" && crc32 synced-*) | sed 's/synced-//' >"$dir/found"
    [ "$(grep -cFxf "$dir/found" "$dir/expected")" = "$last" ] || {
        grep -vFxf "$dir/found" "$dir/expected"
        fail "files are not what was synced, after $1"
    }
}

# What was destroyed last, made whole by e2fsck and by Linux' mount.
cp "$disk" "$dir/dirty"
cp "$disk" "$dir/again"
/sbin/e2fsck -f -p "$disk" >"$dir/log" 2>&1
[ $? -le 1 ] || fail "e2fsck -p: $(cat "$dir/log")"
mount -t ext4 -o loop,ro "$disk" "$mnt" || error "dom0 cannot mount it"
as_it_was "e2fsck -p"
umount "$mnt"
cp "$dir/again" "$dir/linux"
mount -t ext4 -o loop "$dir/linux" "$mnt" || fail "Linux cannot mount it"
as_it_was "a replay by Linux"
umount "$mnt"
/sbin/e2fsck -f -n "$dir/linux" >"$dir/log" 2>&1 || fail "after a replay by Linux: $(cat "$dir/log")"

# Disks that cannot be written to, with and without a journal to replay; one that can be, mounted for reading. 13 is EACCES, 16 EBUSY, 30 EROFS.
guest_start "$TEST" "disk=[\"format=raw,vdev=xvda,access=ro,target=$disk\", \"format=raw,vdev=xvdb,access=ro,target=$dir/dirty\", \"format=raw,vdev=xvdc,access=rw,target=$dir/again\"]" 'extra="agent"'
expect_console "$TEST" '^ready'
sum=$(sed -n "s/ $last\$//p" "$dir/expected")
converse "$TEST" <<END
mount /dev/xvda /data => = mount -1 13
mount /dev/xvda /data ro => = mount 0 0
mount /dev/xvda /data ro => = mount -1 16
sum /data/synced-$last => = sum * 0 $sum
write /data/new 1 1 0 => = write -1 30
mkdir /data/new => = mkdir -1 30
unlink /data/synced-1 => = unlink -1 30
rename /data/synced-1 /data/new => = rename -1 30
truncate /data/synced-1 0 => = truncate -1 30
write /data/synced-1 1 1 0 => = write -1 30
write /dev/xvda 1 1 0 => = write -1 30
umount /data => = umount 0 0
mount /dev/xvdb /data => = mount -1 13
mount /dev/xvdb /data ro => = mount -1 30
mount-data /dev/xvdb /data norecovery => = mount-data 0 0
sum /data/synced-1 => = sum 7920 0 *
write /data/synced-1 1 1 0 => = write -1 30
umount /data => = umount 0 0
mkdir /data/again => = mkdir 0 0
mount /dev/xvdc /data ro => = mount 0 0
sum /data/synced-$last => = sum * 0 $sum
write /data/new 1 1 0 => = write -1 30
umount /data => = umount 0 0
mount /dev/xvdc /data => = mount 0 0
mount /dev/xvdc /data/work => = mount -1 16
write /data/new 1000 1 0 => = write 1000 0
END
console_type "$TEST" 'quit\n'
expect_result "$TEST"
for name in disk again; do
    /sbin/e2fsck -f -n "$dir/$name" >"$dir/log" 2>&1 || fail "after an orderly end: $(cat "$dir/log")"
done
pass
