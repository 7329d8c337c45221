# SPDX-License-Identifier: MIT
# In dom0: blockbench (the file `image`) on a RAM disk of 128 MiB, in mode $TYPE with the words $EXTRA; $MEMORY MB.
. /run/rig/domain.sh
rmmod brd
insmod "$(find /lib/modules -name brd.ko)" rd_nr=1 rd_size=131072 || exit 1
dd if=/dev/zero of=/dev/ram0 bs=1M 2>/dev/null
for option in $BLKBACK; do
    echo "${option#*=}" >"/sys/module/xen_blkback/parameters/${option%=*}"
done
domain_start bench "$PWD/image" "type=\"$TYPE\"" "memory=${MEMORY:-64}" "maxmem=${MEMORY:-64}" "extra=\"$EXTRA\"" \
    'disk=["format=raw,vdev=xvda,access=rw,target=/dev/ram0"]'
end=$(domain_wait_end bench 500)
drain "$(domain_id bench)"
tr -d '\r' <"$(console_file bench)"
[ "$end" = poweroff ]
