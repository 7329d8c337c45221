# SPDX-License-Identifier: MIT
#
# In dom0: the figures of the file benchmark on a RAM disk of dom0. Arguments: the disk with the Linux guest, "linux" or "ours".
# In the environment: TYPE, RUNS, MEMORY, EXTRA, SIZES (filebench's arguments). Each figure is printed as "figure NAME VALUE UNIT; ...".
. ./linux.sh

DISK='disk=["format=raw,vdev=xvda,access=rw,target=/dev/ram0"]'

rmmod brd 2>/dev/null
insmod "$(find /lib/modules -name brd.ko)" rd_nr=1 rd_size=163840 || exit 1
# A RAM disk has a page only once it is written.
dd if=/dev/zero of=/dev/ram0 bs=1M 2>/dev/null

n=0
while [ $n -lt "$RUNS" ]; do
    # Blocks as on disks of ordinary size; and nothing is left for Linux to set up behind our back.
    /sbin/mke2fs -q -F -t ext4 -b 4096 -E lazy_itable_init=0,lazy_journal_init=0,nodiscard /dev/ram0 2>mke2fs.log || { cat mke2fs.log; exit 1; }
    if [ "$2" = linux ]; then
        start_linux "$1" "$DISK" || exit 1
        # shellcheck disable=SC2086
        linux_says "filepeer $SIZES" >said.txt || { cat said.txt; exit 1; }
        domain_destroy linux
    else
        domain_start filebench "$PWD/images/filebench" "type=\"$TYPE\"" "memory=$MEMORY" "extra=\"$EXTRA $SIZES\"" "$NATIVE" "$DISK" || exit 1
        [ "$(domain_wait_end filebench 1800)" = poweroff ] || { cat "$(console_file filebench)"; exit 1; }
        drain "$(domain_id filebench)"
        tr -d '\r' <"$(console_file filebench)" >said.txt
        domain_destroy filebench
    fi
    sed -n 's/^\([a-z0-9-]* [0-9]* \(\/s\|MB.s\);.*\)/figure \1/p' said.txt
    grep '^filebench:' said.txt
    /sbin/e2fsck -f -n /dev/ram0 >e2fsck.log 2>&1 || cat e2fsck.log
    n=$((n + 1))
done
exit 0
