# SPDX-License-Identifier: MIT
# A device-mapper disk of 12 MiB, of which parts or all give errors while a file system on it is in use. 5 is EIO, 30 EROFS.
dir=$RIG/$TEST
disk=$dir/disk
sectors=24576
mkdir -p "$dir"
truncate -s 12M "$disk"
loop=$(losetup -f)
losetup "$loop" "$disk" || error "no loop device"
finish() {
    whole
    domain_destroy "$TEST"
    dmsetup remove --retry --noudevsync broken
    losetup -d "$loop"
}
trap finish EXIT

# swap: the table of standard input from now on.
swap() {
    cat >"$dir/table"
    dmsetup load broken <"$dir/table" && dmsetup resume --noudevsync broken && return
    cat "$dir/table"
    kill $$
}

whole() {
    echo "0 $sectors linear $loop 0" | swap
}

# bad FIRST LAST KIND: 4 KiB blocks FIRST to LAST fail: KIND "error" reads and writes, "writes" only writes.
bad() {
    local from=$(($1 * 8)) end=$((($2 + 1) * 8))
    {
        [ $from = 0 ] || echo "0 $from linear $loop 0"
        case $3 in
        error) echo "$from $((end - from)) error" ;;
        writes) echo "$from $((end - from)) flakey $loop $from 0 3600 1 error_writes" ;;
        esac
        [ $end = $sectors ] || echo "$end $((sectors - end)) linear $loop $end"
    } | swap
}

# blocks_of FILE: the first and last of a file that lies in one piece, the block of its tree among them.
blocks_of() {
    /sbin/debugfs -R "blocks $1" "$disk" 2>/dev/null | tr ' ' '\n' | grep . | sort -n | sed -n '1p;$p' | tr '\n' ' '
}

mounted() {
    expect_answer "$TEST" 'mount /dev/xvda /data' '= mount 0 0'
}

unmounted() {
    expect_answer "$TEST" 'umount /data' '= umount 0 0'
}

# stopped: no change any more, and it is said; what is there can be read.
stopped() {
    converse "$TEST" <<END
fsync 1 => = fsync -1 5
put 1 100 9 => = put 0 5
write /data/new 100 9 0 => = write -1 30
mkdir /data/directory => = mkdir -1 30
unlink /data/kept => = unlink -1 30
rename /data/kept /data/other => = rename -1 30
sum /data/kept => = sum 300000 0 $kept
close 1 => = close 0 0
END
}

# intact WHEN: dom0 finds what was synced.
intact() {
    cp "$disk" "$dir/copy"
    /sbin/e2fsck -f -p "$dir/copy" >"$dir/log" 2>&1
    [ $? -le 1 ] || fail "e2fsck -p $1: $(cat "$dir/log")"
    [ "$(/sbin/debugfs -R 'cat kept' "$dir/copy" 2>/dev/null | crc32)" = "$kept" ] || fail "a synced file is gone $1"
}

echo "0 $sectors linear $loop 0" | dmsetup create --noudevsync broken || error "no device-mapper"
[ -b /dev/mapper/broken ] || dmsetup mknodes broken
/sbin/mke2fs -q -F -t ext4 -b 4096 "$disk" >"$dir/log" 2>&1 || error "mke2fs: $(cat "$dir/log")"
guest_start "$TEST" 'disk=["format=raw,vdev=xvda,access=rw,target=/dev/mapper/broken"]'
expect_console "$TEST" '^ready'
expect_answer "$TEST" 'mkdir /data' '= mkdir 0 0'
mounted
converse "$TEST" <<END
write /data/kept 300000 1 0 => = write 300000 0
write /data/other 300000 2 0 => = write 300000 0
sync /data/other => = sync 0 0
sum /data/kept => = sum 300000 0 *
END
kept=${ANSWER##* }

# Reads: of a file's bytes, then of what describes it. Nothing is in the cache after a mount; all of it can be read later.
unmounted
# shellcheck disable=SC2046
bad $(blocks_of kept) error
mounted
converse "$TEST" <<END
sum /data/kept => = sum -1 5 *
sum /data/other => = sum 300000 0 *
write /data/more 5000 3 0 => = write 5000 0
sync /data/more => = sync 0 0
END
whole
expect_answer "$TEST" 'sum /data/kept' "= sum 300000 0 $kept"
unmounted
bad 5 400 error
expect_answer "$TEST" 'mount /dev/xvda /data' '= mount -1 5'
whole
mounted
expect_answer "$TEST" 'sum /data/kept' "= sum 300000 0 $kept"

# Writes: everywhere, then what describes files (the transaction is in the journal then), then in the journal, then of files' bytes.
# shellcheck disable=SC2046
journal=$(blocks_of '<8>')
for where in "0 3071" "1 400" "$journal" "data"; do
    converse "$TEST" <<END
open /data/open 1 => = open 0 0
put 1 50000 7 => = put 50000 0
fsync 1 => = fsync 0 0
END
    # shellcheck disable=SC2046,SC2086
    case $where in
    data) bad $(blocks_of open) writes ;;
    *) bad $where writes ;;
    esac
    expect_answer "$TEST" 'put 1 50000 8' '= put 50000 0'
    stopped
    unmounted
    case $where in
    0* | 1*) expect_answer "$TEST" 'mount /dev/xvda /data' '= mount -1 5' ;; # nor does that harm the journal
    esac
    whole
    expect_answer "$TEST" 'sync /dev/xvda' '= sync 0 0' # nothing is left that could come on top of it
    intact "after errors in $where"
    mounted
    expect_answer "$TEST" 'sum /data/kept' "= sum 300000 0 $kept"
done

# The end comes while nothing can be written: it comes all the same.
expect_answer "$TEST" 'write /data/last 300000 4 0' '= write 300000 0'
bad 0 3071 writes
xl shutdown "$TEST" || error "xl shutdown refused"
expect_end "$TEST" poweroff
whole
intact "after an end without a disk"
pass
