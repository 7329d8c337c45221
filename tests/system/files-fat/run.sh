# SPDX-License-Identifier: MIT
# Disks with the three kinds of FAT; Linux's vfat and fsck.fat judge what the guest made of them.
dir=$RIG/$TEST
at=$dir/at
mkdir -p "$at"

mount_disk() {
    mount -t vfat -o "loop,utf8=1,$2" "$dir/$1" "$at" || error "dom0 cannot mount $1"
}

make_disk() {
    # shellcheck disable=SC2086
    /sbin/mkfs.fat $2 -C "$dir/$1" "$3" >"$dir/log" 2>&1 || error "mkfs.fat $2: $(cat "$dir/log")"
    mount_disk "$1" rw
    mkdir "$at/日本語"
    cp "$dir/lines" "$at/Ein langer Name mit äöü und ß.txt"
    cp "$dir/lines" "$at/日本語/ファイル-🙂.TXT"
    cp "$dir/lines" "$at/plain.txt"
    umount "$at"
}

same() {
    cmp -s "$at/$2" "$dir/lines" || fail "$1: $2 is not what it should be"
}

check_disk() {
    /sbin/fsck.fat -n "$dir/$1" >"$dir/log" 2>&1 && ! grep -q 'Dirty bit' "$dir/log" || {
        cat "$dir/log"
        fail "fsck.fat is not content with $1"
    }
    mount_disk "$1" ro
    same "$1" "plain.txt"
    same "$1" "Kopie – größer.txt"
    same "$1" "日本語/コピー"
    find "$at/work" -type f -exec cat {} + >/dev/null || fail "$1: dom0 cannot read all files"
    umount "$at"
}

seq 1 20000 >"$dir/lines"
make_disk xvda "-F 12" 8192
make_disk xvdb "-F 16" 16384
make_disk xvdc "-F 32" 40960
guest_start "$TEST" "disk=[\"format=raw,vdev=xvda,access=rw,target=$dir/xvda\", \"format=raw,vdev=xvdb,access=rw,target=$dir/xvdb\", \"format=raw,vdev=xvdc,access=rw,target=$dir/xvdc\"]" \
    "extra=\"mount=/a:/dev/xvda mount=/b:/dev/xvdb\""
expect_result "$TEST"
domain_destroy "$TEST"
check_disk xvda
check_disk xvdb
check_disk xvdc
rm -r "$dir"
pass
