# SPDX-License-Identifier: MIT
# Full of bytes, full of names; with and without a journal, and blocks of two sizes. Both disks in one guest.
dir=$RIG/$TEST
mkdir -p "$dir"

sum_of() {
    /sbin/debugfs -R "cat $2" "$dir/$1" 2>/dev/null | crc32
}

# fill DISK: what is asked of the file system at /DISK. 28 is ENOSPC.
fill() {
    converse "$TEST" <<END
mkdir /$1 => = mkdir 0 0
mount /dev/$1 /$1 => = mount 0 0
write /$1/kept 300000 1 0 => = write 300000 0
mkdir /$1/names => = mkdir 0 0
write /$1/empty 0 0 0 => = write 0 0
sync /$1/kept => = sync 0 0
END
    # Of bytes: a write that is cut short, then one that does nothing.
    expect_answer "$TEST" "write /$1/large 20000000 2 0" '= write [1-9]* 28'
    large=${ANSWER#= write }
    large=${large% 28}
    converse "$TEST" <<END
write /$1/empty 5000 3 0 => = write 0 28
mkdir /$1/no-room => = mkdir -1 28
access /$1/no-room => = access -1 2
write /$1/kept 300000 1 0 => = write 300000 0
rename /$1/empty /$1/names/empty => = rename 0 0
sync /$1/large => = sync 0 0
write /$1/large 100000 2 $large => = write 0 28
sum /$1/large => = sum $large 0 *
END
    # There is room at once, not at the next commit.
    converse "$TEST" <<END
write /$1/second 1 4 0 => = write 0 28
unlink /$1/large => = unlink 0 0
write /$1/second $((large - 80000)) 4 0 => = write $((large - 80000)) 0
truncate /$1/second 400000 => = truncate 0 0
mkdir /$1/room => = mkdir 0 0
END
    # Of names: of files, then of directories.
    expect_answer "$TEST" "files /$1/names 0 1000 10" '= files [1-9]* 28'
    files=${ANSWER#= files }
    converse "$TEST" <<END
dirs /$1/room 0 1000 => = dirs 0 28
space /$1 => = space 0 0 * nodes 0
unlink /$1/names/file-3 => = unlink 0 0
dirs /$1/room 0 1000 => = dirs 1 28
count /$1/names => = count $((${files% 28} + 2)) 0
sum /$1/second => = sum 400000 0 *
END
    second=${ANSWER##* }
    expect_answer "$TEST" "sum /$1/kept" '= sum 300000 0 *'
    eval "second_$1=$second kept_$1=${ANSWER##* }"
}

# shellcheck disable=SC2086
make_disk() {
    /sbin/mke2fs -q -F $2 -N 200 "$dir/$1" 10M >"$dir/log" 2>&1 || error "mke2fs: $(cat "$dir/log")"
}

make_disk xvda "-t ext4 -b 4096"
make_disk xvdb "-t ext2 -b 1024"
guest_start "$TEST" "disk=[\"format=raw,vdev=xvda,access=rw,target=$dir/xvda\", \"format=raw,vdev=xvdb,access=rw,target=$dir/xvdb\"]"
expect_console "$TEST" '^ready'
fill xvda
fill xvdb
console_type "$TEST" 'quit\n'
expect_result "$TEST"
for disk in xvda xvdb; do
    /sbin/e2fsck -f -n "$dir/$disk" >"$dir/log" 2>&1 || {
        cat "$dir/log"
        fail "e2fsck is not content with $disk"
    }
    eval "second=\$second_$disk kept=\$kept_$disk"
    # shellcheck disable=SC2154 # by eval
    [ "$(sum_of $disk kept) $(sum_of $disk second)" = "$kept $second" ] || fail "dom0 reads something else from $disk"
done
pass
