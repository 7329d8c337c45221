# SPDX-License-Identifier: MIT
# Each end comes while a thread works on files and one file is open with 200,000 bytes that nobody has synced.
driver=/sys/bus/xen-backend/drivers/vbd
dir=$RIG/$TEST
disk=$dir/disk
mkdir -p "$dir"
truncate -s 12M "$disk"
loop=$(losetup -f)
losetup "$loop" "$disk" || error "no loop device"
finish() {
    domain_destroy "$TEST"
    dmsetup remove --retry --noudevsync slow
    losetup -d "$loop"
}
trap finish EXIT

# swap TARGET: what the disk is from now on.
swap() {
    echo "0 24576 $1" | dmsetup load slow || error "no device-mapper's $1"
    dmsetup resume --noudevsync slow
}

# begin HOW SEED: a guest in the middle of its work; HOW is for its main().
begin() {
    /sbin/mke2fs -q -F -t ext4 "$disk" >"$dir/log" 2>&1 || error "mke2fs: $(cat "$dir/log")"
    blockdev --flushbufs "$loop" 2>/dev/null
    guest_start "$TEST" 'disk=["format=raw,vdev=xvda,access=rw,target=/dev/mapper/slow"]' "extra=\"$1\""
    expect_console "$TEST" '^ready'
    converse "$TEST" <<END
mkdir /data => = mkdir 0 0
mount /dev/xvda /data => = mount 0 0
mkdir /data/work => = mkdir 0 0
work /data/work $2 => = work 0 0
open /data/open 1 => = open 0 0
put 1 200000 $2 => = put 200000 0
sum /data/open => = sum 200000 0 *
END
    sum=${ANSWER##* }
    expect_console "$TEST" '^! step' >/dev/null
}

# clean WHICH: what dom0 finds behind it.
clean() {
    domain_destroy "$TEST"
    /sbin/e2fsck -f -n "$disk" >"$dir/log" 2>&1 || {
        cat "$dir/log"
        fail "e2fsck is not content after $1"
    }
    /sbin/dumpe2fs -h "$disk" >"$dir/log" 2>/dev/null
    grep -q '^Filesystem state: *clean$' "$dir/log" || fail "it is not marked as clean after $1"
    ! grep -q 'needs_recovery' "$dir/log" || fail "it needs a recovery after $1: $(cat "$dir/log")"
    grep -q '^Journal start: *0$' "$dir/log" || fail "its journal is not empty after $1: $(grep '^Journal' "$dir/log")"
    [ "$(/sbin/debugfs -R 'cat open' "$disk" 2>/dev/null | crc32)" = "$sum" ] || fail "the open file is not what was written before $1"
}

echo "0 24576 linear $loop 0" | dmsetup create --noudevsync slow || error "no device-mapper"
[ -b /dev/mapper/slow ] || dmsetup mknodes slow

begin shutdown 1
xl shutdown "$TEST" >/dev/null || error "xl shutdown refused"
expect_end "$TEST" poweroff
clean "xl shutdown"

begin return 2
console_type "$TEST" 'quit\n'
expect_end "$TEST" poweroff
[ "$(domain_status "$TEST")" = 8 ] || fail "main's status was lost"
clean "main's return"

begin thread 3
console_type "$TEST" 'quit\n'
expect_end "$TEST" poweroff
[ "$(domain_status "$TEST")" = 7 ] || fail "exit's status was lost"
clean "exit() of a thread"

# A disk of which every write takes 300 ms.
begin shutdown 4
swap "delay $loop 0 0 $loop 0 300"
xl shutdown "$TEST" >/dev/null || error "xl shutdown refused"
expect_end "$TEST" poweroff
swap "linear $loop 0"
clean "a slow end"

# The backend is started anew and never gets ready, and then the end is wanted: it comes, and it is said what is lost.
begin "diskwait=3 shutdown" 5
from=$(console_size "$TEST")
echo "vbd-$(domain_id "$TEST")-51712" >"$driver/unbind" || error "the backend cannot be taken away"
xenstore-write "/local/domain/0/backend/vbd/$(domain_id "$TEST")/51712/state" 2
xl shutdown "$TEST" >/dev/null || error "xl shutdown refused"
expect_console "$TEST" 'xvda: its backend does not come back' "$TIMEOUT" "$from" >/dev/null
expect_end "$TEST" poweroff
/sbin/e2fsck -p "$disk" >"$dir/log" 2>&1
[ $? -le 1 ] || fail "e2fsck -p cannot make it whole: $(cat "$dir/log")"
pass
