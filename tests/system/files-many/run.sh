# SPDX-License-Identifier: MIT
# Four disks, filled by dom0's Linux, worked on by the guest, looked at by Linux again.
dir=$RIG/$TEST
mnt=$dir/mnt
mkdir -p "$dir" "$mnt" "$dir/tree"
finish() {
    domain_destroy "$TEST"
    umount "$mnt" 2>/dev/null
    [ -n "$sector" ] && losetup -d "$sector"
}
trap finish EXIT

# make NAME SIZE OPTION ...: a file system with dom0's tree on it, mounted.
make() {
    local name=$1 size=$2
    shift 2
    truncate -s "$size" "$dir/$name"
    /sbin/mke2fs -q -F -N 24000 "$@" "$dir/$name" >"$dir/log" 2>&1 || error "mke2fs: $(cat "$dir/log")"
    mount -t ext4 -o loop "$dir/$name" "$mnt" || error "dom0 cannot mount $name"
    mkdir "$mnt/from-dom0"
    case $name in
    root) cp -r "$dir"/tree/* "$mnt/from-dom0" ;;
    *) cp -r "$dir"/tree/1? "$mnt/from-dom0" ;;
    esac || error "dom0 cannot fill $name"
}

# sums_below DIRECTORY: of each file, as the guest lists them.
sums_below() {
    (cd "$1" && find . -type f -print0 | xargs -0 crc32 | sed 's|\./||' | sort)
}

seq 0 99 | sed "s|^|$dir/tree/|" | xargs mkdir
awk -v top="$dir/tree" 'BEGIN {
    for (i = 0; i < 1000; i++) {
        name = top "/" int(i / 10) "/file-" i % 10
        for (j = 0; j < i % 23; j++) printf "%d of file %d\n", j, i >name
        printf "the end" >name
        close(name)
    }
}'
head -c 300000 /dev/urandom >"$dir/tree/0/file-0"
make root 32M -t ext4 -b 4096
mkdir "$mnt/etc"
printf '/dev/xvdb /one ext4 defaults 0 2\n/dev/xvdc /two auto rw 0 2\n/dev/xvdd /sector ext4 defaults 0 2\nnone /tmp tmpfs size=1m 0 0\n' >"$mnt/etc/fstab"
truncate -s 1G "$mnt/sparse-from-dom0"
for at in 0 1000 131072 262143; do
    echo "at $at" | dd of="$mnt/sparse-from-dom0" bs=4096 seek=$at conv=notrunc 2>/dev/null
done
umount "$mnt"
make one 32M -t ext4 -b 1024
mkdir "$mnt/names"
(cd "$mnt/names" && seq 1 20000 | xargs touch)
umount "$mnt"
make two 32M -t ext3 -b 2048 -O dir_index
umount "$mnt"
make sector 32M -t ext4 -b 4096
umount "$mnt"
sector=$(losetup -f)
/usr/sbin/losetup --sector-size 4096 "$sector" "$dir/sector" || error "no loop device with large sectors"

guest_start "$TEST" "disk=[\"format=raw,vdev=xvda,access=rw,target=$dir/root\", \"format=raw,vdev=xvdb,access=rw,target=$dir/one\", \"format=raw,vdev=xvdc,access=rw,target=$dir/two\", \"format=raw,vdev=xvdd,access=rw,target=$sector\"]" 'extra="root=/dev/xvda"'
expect_result "$TEST"
losetup -d "$sector"
sector=
from_dom0=$(sums_below "$dir/tree")
for name in root one two sector; do
    /sbin/e2fsck -f -n "$dir/$name" >"$dir/log" 2>&1 || fail "e2fsck is not content with $name: $(cat "$dir/log")"
    mount -t ext4 -o loop,ro "$dir/$name" "$mnt" || fail "Linux cannot mount $name"
    expected=$from_dom0 nr=1000
    [ $name = root ] || {
        expected=$(echo "$from_dom0" | grep ' 1[0-9]/')
        nr=100
    }
    [ "$(sed 's|/.*from-dom0/||' "$mnt/from-dom0.list" | sort)" = "$expected" ] || fail "the guest read something else from $name"
    [ "$(sed 's|/.*from-guest/||' "$mnt/from-guest.list" | sort)" = "$(sums_below "$mnt/from-guest")" ] || fail "Linux reads something else from $name"
    [ "$(wc -l <"$mnt/from-guest.list")" = $nr ] || fail "not all of the guest's files are on $name"
    [ "$(stat -c '%s' "$mnt/sparse")" = 1073741824 ] || fail "the length of a sparse file on $name"
    [ "$(stat -c '%b' "$mnt/sparse")" -lt 1000 ] || fail "a file with holes has none on $name"
    [ "$(dd if="$mnt/sparse" bs=1 skip=134222728 count=3 2>/dev/null)" = bbb ] || fail "the bytes of a sparse file on $name"
    umount "$mnt"
done
pass
