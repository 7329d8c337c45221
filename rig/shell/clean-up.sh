# SPDX-License-Identifier: MIT
#
# After a test: print the consoles if asked to, then remove every domain but dom0 and the test's files.
#
# usage: clean-up.sh [consoles]

if [ "$1" = consoles ]; then
    for log in /var/log/xen/console/guest-*.log; do
        [ -s "$log" ] && echo "--- console of $(basename "$log" .log | cut -c7-)" && cat "$log"
    done
fi
for id in $(xenstore-list /local/domain); do
    [ "$id" = 0 ] || xl destroy "$id" >/dev/null 2>&1
done
rm -rf /var/log/xen/console/guest-*.log /var/log/xen/xl-*.log
cd /run/rig && rm -rf ./*
