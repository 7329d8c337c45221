# SPDX-License-Identifier: MIT
#
# What a network test's run.sh may use: `. /run/rig/net.sh`. Stations on the bridge beside dom0, servers for the guests, and
# looks at the wire. What is made here goes with clean-up.sh.

NET=/run/rig/net
mkdir -p "$NET"

# busybox's shell would take its own.
ip() {
    /usr/bin/ip "$@"
}

tc() {
    /usr/sbin/tc "$@"
}

# The machine's card leaves the bridge: QEMU behind it gives addresses, too, and resets what it does not know.
ip link set eth0 down

# station NAME [ADDRESS/BITS ...]: a host of its own on the bridge, in a namespace. Unlike with dom0 itself, its wire is one:
# what crosses it has whole checksums and no segment above the MTU, whatever is left to be done on the way there.
station() {
    local name=$1 address
    shift
    ip netns add "$name" || error "no namespace $name"
    ip link add "$name" type veth peer name eth0 netns "$name" || error "no link for $name"
    ip netns exec "$name" sh -c 'ip link set lo up; ip link set eth0 up'
    for address in "$@"; do
        case "$address" in
        *:*) ip -n "$name" addr add "$address" dev eth0 nodad ;;
        *) ip -n "$name" addr add "$address" dev eth0 ;;
        esac
    done
    ethtool -K "$name" tx off tso off gso off gro off >/dev/null 2>&1
    ip netns exec "$name" ethtool -K eth0 tx off tso off gso off gro off >/dev/null 2>&1
    ip link set "$name" master xenbr0 up
}

# at NAME COMMAND ...: on that station.
at() {
    local name=$1
    shift
    ip netns exec "$name" "$@"
}

# vif_of GUEST [N]: the bridge's port for its interface.
vif_of() {
    echo "vif$(domain_id "$1").${2:-0}"
}

# dnsmasq_start OPTION ...: addresses and names for the bridge.
dnsmasq_start() {
    dnsmasq --conf-file=/dev/null --user=root --group=root --pid-file="$NET/dnsmasq.pid" --interface=xenbr0 \
        --bind-interfaces --no-resolv --no-hosts --log-dhcp --log-facility="$NET/dnsmasq.log" \
        --dhcp-leasefile="$NET/leases" "$@" || error "dnsmasq did not start"
}

# capture_start DEVICE [FILTER ...]: record what crosses a device, whole.
capture_start() {
    local device=$1
    shift
    rm -f "$NET/$device.err"
    tcpdump -Z root -i "$device" -U -s 0 -B 4096 -w "$NET/$device.pcap" "$@" 2>"$NET/$device.err" &
    echo $! >"$NET/$device.tcpdump"
    follow -t 20 -e 'listening on' "$NET/$device.err" >/dev/null || error "tcpdump does not run on $device"
}

# capture_end DEVICE: prints the file.
capture_end() {
    local pid
    pid=$(cat "$NET/$1.tcpdump")
    kill -INT "$pid"
    wait "$pid"
    rm -f "$NET/$1.tcpdump"
    echo "$NET/$1.pcap"
}

# expect_clean PCAP: every frame is well formed and every checksum right, as tcpdump sees it.
expect_clean() {
    local bad
    tcpdump -Z root -nn -vvv -r "$1" >"$1.txt" 2>/dev/null
    [ -s "$1.txt" ] || error "nothing was captured"
    bad=$(grep -ciE 'incorrect|[ [(]bad |malformed|truncated|\[\||invalid|wrong' "$1.txt")
    [ "$bad" = 0 ] || {
        grep -iE -m 5 -B 1 'incorrect|[ [(]bad |malformed|truncated|\[\||invalid|wrong' "$1.txt"
        fail "$bad lines of tcpdump's on bad frames or checksums"
    }
}

# snmp PROTOCOL FIELD: one of dom0's counters.
snmp() {
    awk -v protocol="$1:" -v field="$2" '$1 == protocol { if (!names) { names = $0; split($0, n); next }
        for (i = 1; i <= NF; i++) if (n[i] == field) print $i }' /proc/net/snmp
}
