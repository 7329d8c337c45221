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
if [ -d /run/rig/net ]; then
    for pid in /run/rig/net/*.pid /run/rig/net/*.tcpdump; do
        [ -e "$pid" ] && kill "$(cat "$pid")" 2>/dev/null
    done
    for name in /var/run/netns/*; do
        [ -e "$name" ] && /usr/bin/ip netns del "${name##*/}"
    done
    /usr/bin/ip link del xenbr1 2>/dev/null
    /usr/bin/ip link set eth0 up
    /usr/bin/ip link set xenbr0 mtu 1500
    /usr/bin/ip -6 addr flush dev xenbr0 scope global
    /usr/bin/ip neigh flush dev xenbr0
    echo 1 >/sys/module/xen_netback/parameters/max_queues
    ethtool -K xenbr0 tx on tso on gso on >/dev/null 2>&1
fi
rm -rf /var/log/xen/console/guest-*.log /var/log/xen/xl-*.log
cd /run/rig && rm -rf ./*
