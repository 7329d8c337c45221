# SPDX-License-Identifier: MIT
# The same tree as tar and as cpio.

tree=$RIG/$TEST/tree
mkdir -p "$tree/etc" "$tree/www"
echo welcome >"$tree/etc/motd"
chmod 640 "$tree/etc/motd"
touch -d @1000000000 "$tree/etc/motd"
ln -s etc/motd "$tree/link-to-motd"
seq 50000 >"$tree/big"
for i in $(seq 100); do
    echo "page $i" >"$tree/www/page-$i"
done

for kind in tar cpio; do
    if [ $kind = tar ]; then
        tar cf "$RIG/$TEST/$kind" -C "$tree" .
    else
        (cd "$tree" && find . | cpio -o -H newc) >"$RIG/$TEST/$kind" 2>/dev/null
    fi || error "no $kind"
    guest_start "$TEST" "ramdisk=\"$RIG/$TEST/$kind\""
    expect_result "$TEST"
    domain_destroy "$TEST"
done
pass
