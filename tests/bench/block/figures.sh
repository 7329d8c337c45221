# SPDX-License-Identifier: MIT
#
# In dom0: the figures of the block benchmark on a RAM disk of dom0. Arguments: the disk with the Linux guest, "linux" or "ours".
# In the environment: TYPE, RUNS, SCALE. Each figure is printed as "figure NAME VALUE UNIT", its unit IOPS or MB/s.
. ./linux.sh

DISK='disk=["format=raw,vdev=xvda,access=rw,target=/dev/ram0"]'

rmmod brd 2>/dev/null
insmod "$(find /lib/modules -name brd.ko)" rd_nr=1 rd_size=98304 || exit 1
# A RAM disk has a page only once it is written.
dd if=/dev/zero of=/dev/ram0 bs=1M 2>/dev/null

[ "$2" = linux ] && { start_linux "$1" "$DISK" || exit 1; }
n=0
while [ $n -lt "$RUNS" ]; do
    if [ "$2" = linux ]; then
        linux_says "blockpeer $SCALE" >said.txt || exit 1
    else
        domain_start blockbench "$PWD/images/blockbench" "type=\"$TYPE\"" memory=64 "extra=\"$SCALE\"" "$NATIVE" "$DISK" || exit 1
        [ "$(domain_wait_end blockbench 1800)" = poweroff ] || exit 1
        drain "$(domain_id blockbench)"
        tr -d '\r' <"$(console_file blockbench)" >said.txt
        domain_destroy blockbench
    fi
    sed -n 's/^\([a-z0-9-]* [0-9]* \(IOPS\|MB.s\)\)/figure \1/p' said.txt
    n=$((n + 1))
done
[ "$2" = linux ] && domain_destroy linux
exit 0
