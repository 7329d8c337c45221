# SPDX-License-Identifier: MIT
dir=$RIG/$TEST
mkdir -p "$dir/files"

# disk NAME WORD: a file system that dom0 has put a file on.
disk() {
    /sbin/mke2fs -q -F -t ext4 "$dir/$1" 16M >"$dir/log" 2>&1 || error "mke2fs: $(cat "$dir/log")"
    echo "$2" >"$dir/files/text"
    /sbin/debugfs -w -R "write $dir/files/text from-dom0" "$dir/$1" >"$dir/log" 2>&1 || error "debugfs: $(cat "$dir/log")"
}

check() {
    /sbin/e2fsck -f -n "$dir/$1" >"$dir/log" 2>&1 || {
        cat "$dir/log"
        fail "e2fsck is not content with $1 $2"
    }
}

disk a hello
disk b second
disk d third
cp "$dir/d" "$dir/e"
head -c 8388608 /dev/zero >"$dir/c"
printf '# a comment\n/dev/xvdb /second ext4 defaults 0 2\nproc /proc proc defaults 0 0\n' >"$dir/files/fstab"
/sbin/debugfs -w -R "mkdir etc" "$dir/a" >"$dir/log" 2>&1
/sbin/debugfs -w -R "write $dir/files/fstab etc/fstab" "$dir/a" >"$dir/log" 2>&1
all="disk=[\"format=raw,vdev=xvda,access=rw,target=$dir/a\", \"format=raw,vdev=xvdb,access=rw,target=$dir/b\",
    \"format=raw,vdev=xvdc,access=rw,target=$dir/c\", \"format=raw,vdev=xvdd,access=ro,target=$dir/d\",
    \"format=raw,vdev=xvde,access=rw,target=$dir/e\"]"
guest_start "$TEST" "$(echo "$all" | tr '\n' ' ')" 'extra="root=/dev/xvda mount=/third:/dev/xvdd mount=/fourth:/dev/xvde:ro"'
expect_result "$TEST"
domain_destroy "$TEST"
cmp "$dir/d" "$dir/e" || fail "something was written to a disk that was mounted for reading"
for name in a b d; do
    check $name "after an orderly end"
done
[ "$(/sbin/debugfs -R 'cat unsynced' "$dir/a" 2>/dev/null)" = "but the end was orderly" ] || fail "a file is missing"
[ "$(/sbin/debugfs -R 'cat deep' "$dir/b" 2>/dev/null)" = "under the mount" ] || fail "a file is missing on the second disk"
[ "$(dd if="$dir/c" bs=1 skip=123456 count=5 2>/dev/null)" = sssss ] || fail "/dev/xvdc was not written to"
pass
