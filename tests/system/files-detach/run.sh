# SPDX-License-Identifier: MIT
# xvda is taken away in the middle of random work on it, in each way that a toolstack has; xvdb stays. 5 is EIO, 6 ENXIO, 30 EROFS.
driver=/sys/bus/xen-backend/drivers/vbd
dir=$RIG/$TEST
mkdir -p "$dir"

make_disk() {
    /sbin/mke2fs -q -F -t ext4 "$dir/$1" 12M >"$dir/log" 2>&1 || error "mke2fs: $(cat "$dir/log")"
    echo "format=raw,vdev=$1,access=rw,target=$dir/$1"
}

# take_away HOW: until xenstore has no trace of it.
take_away() {
    case $1 in
    detach) xl block-detach "$TEST" xvda >"$dir/log" 2>&1 || fail "it cannot be detached: $(cat "$dir/log")" ;;
    force) xl block-detach --force "$TEST" xvda >"$dir/log" 2>&1 || fail "it cannot be detached by force: $(cat "$dir/log")" ;;
    vanish) # its backend's driver lets go without a word, then its nodes are removed
        echo "vbd-$id-51712" >"$driver/unbind" || error "the backend cannot be taken away"
        xenstore-rm "/local/domain/0/backend/vbd/$id/51712"
        xenstore-rm "/local/domain/$id/device/vbd/51712"
        xenstore-rm "/libxl/$id/device/vbd/51712"
        ;;
    esac
    ! xenstore-exists "/local/domain/$id/device/vbd/51712" 2>/dev/null || fail "it is still there after $1"
}

first=$(make_disk xvda)
second=$(make_disk xvdb)
guest_start "$TEST" "disk=[\"$first\", \"$second\"]"
expect_console "$TEST" '^ready'
id=$(domain_id "$TEST")
for name in xvda xvdb; do
    converse "$TEST" <<END
mkdir /$name => = mkdir 0 0
mount /dev/$name /$name => = mount 0 0
END
done
turn=0
for how in detach force vanish; do
    turn=$((turn + 1))
    converse "$TEST" <<END
write /xvda/kept 300000 $turn 0 => = write 300000 0
sync /xvda/kept => = sync 0 0
sum /xvda/kept => = sum 300000 0 *
END
    kept=${ANSWER##* }
    converse "$TEST" <<END
open /xvda/open 1 => = open 0 0
put 1 100000 7 => = put 100000 0
write /xvdb/turn-$turn 200000 $turn 0 => = write 200000 0
END
    ask "$TEST" 'rmdir /xvda/work'
    ask "$TEST" "mkdir /xvda/work-$turn"
    from=$(console_size "$TEST")
    expect_answer "$TEST" "work /xvda/work-$turn $turn" '= work 0 0'
    expect_console "$TEST" '^! step' "$TIMEOUT" "$from" >/dev/null
    take_away "$how"
    converse "$TEST" <<END
fsync 1 => = fsync -1 [56]
put 1 1000 7 => = put 0 [56]
END
    expect_console "$TEST" '^! work ended [1-9]' "$TIMEOUT" "$from" >/dev/null
    converse "$TEST" <<END
stop 0 => = stop * [1-9]*
write /xvda/new 100 1 0 => = write -1 30
umount /xvda => = umount -1 16
close 1 => = close 0 0
sync /xvdb/turn-$turn => = sync 0 0
sum /xvdb/turn-$turn => = sum 200000 0 *
END
    if [ $turn = 2 ]; then
        # Put there again under a file system that is still mounted: another disk, as far as that is concerned.
        xl block-attach "$TEST" "$first" || fail "it could not be given back after $how"
        expect_answer "$TEST" 'write /xvda/new 100 1 0' '= write -1 30'
        expect_answer "$TEST" 'umount /xvda' '= umount 0 0'
    else
        expect_answer "$TEST" 'umount /xvda' '= umount 0 0'
        expect_answer "$TEST" 'access /xvda/kept' '= access -1 2'
        xl block-attach "$TEST" "$first" || fail "it could not be given back after $how"
    fi
    converse "$TEST" <<END
mount /dev/xvda /xvda => = mount 0 0
sum /xvda/kept => = sum 300000 0 $kept
END
done

# Another disk in the place of one with a file system at rest: nothing of that is read from it or written to it.
third=$(make_disk third)
before=$(crc32 <"$dir/third")
expect_answer "$TEST" 'mkdir /xvdb/last' '= mkdir 0 0'
expect_answer "$TEST" 'sync /xvdb/last' '= sync 0 0'
xl block-detach "$TEST" xvdb >"$dir/log" 2>&1 || fail "it cannot be detached: $(cat "$dir/log")"
xl block-attach "$TEST" "$(echo "$third" | sed 's/vdev=third/vdev=xvdb/')" || fail "another one cannot be attached"
# xl does not wait for the guest's driver: until then there is no such device (ENXIO).
tries=0
while ask "$TEST" 'sum /dev/xvdb' && [ "${ANSWER#= sum -1 6}" != "$ANSWER" ] && [ $tries -lt 200 ]; do
    tries=$((tries + 1))
done
converse "$TEST" <<END
sum /dev/xvdb => = sum 12582912 0 $before
sum /xvdb/turn-3 => = sum -1 5 *
mkdir /xvdb/new => = mkdir -1 [35]*
mkdir /xvdb/new => = mkdir -1 30
umount /xvdb => = umount 0 0
mount /dev/xvdb /xvdb ro => = mount 0 0
count /xvdb => = count 3 0
END
console_type "$TEST" 'quit\n'
expect_result "$TEST"
[ "$(crc32 <"$dir/third")" = "$before" ] || fail "something was written to the third disk"
for name in xvda xvdb; do
    /sbin/e2fsck -f -n "$dir/$name" >"$dir/log" 2>&1 || {
        cat "$dir/log"
        fail "e2fsck is not content with $name"
    }
done
pass
