# SPDX-License-Identifier: MIT
# dom0 is the other end: it pings, asks, sends and fetches, and its own counters say whether what came was whole. Once each for: one
# queue; a backend that is not trusted, so that all is copied; two queues. Between, the interface is taken away and given back.
udp() {
    awk -v field="$1" '/^Udp:/ { if (!names) { names = $0; split($0, n); next } for (i = 1; i <= NF; i++) if (n[i] == field) print $i }' /proc/net/snmp
}

# ping_all COUNT SIZE
ping_all() {
    ping -A -q -c "$1" -w 20 -s "$2" 10.0.2.15 >"$DIR/ping.out" 2>&1
    grep -q " $1 packets received" "$DIR/ping.out" || fail "$guest: ping of $2 bytes: $(cat "$DIR/ping.out")"
}

# vif_of ID: the bridge's port for the guest's interface, whatever its number
vif_of() {
    (cd /sys/class/net && echo "vif$1".*)
}

begin() {
    guest=$1
    shift
    no_ports=$(udp NoPorts)
    bad=$(udp InCsumErrors)
    ip neigh flush dev xenbr0 >/dev/null
    guest_start "$guest" "$@"
    expect_console "$guest" '^ready'
    [ $(($(udp NoPorts) - no_ports)) -ge 200 ] || fail "$guest: dom0 got $(($(udp NoPorts) - no_ports)) of 200 datagrams"
    [ "$(udp InCsumErrors)" = "$bad" ] || fail "$guest: dom0 saw bad checksums"
    id=$(domain_id "$guest")
}

exchange() {
    arping -c 3 -w 5 -I xenbr0 10.0.2.15 >/dev/null || fail "$guest: no answer to ARP"
    for size in 0 1 17 18 56 511 1400 1472; do
        ping_all 40 "$size"
    done
    ip link set "$(vif_of "$id")" mtu 9000
    ip link set xenbr0 mtu 9000
    for size in 1473 4053 4054 4055 8000 8972; do
        ping_all 20 "$size"
    done
    ip link set xenbr0 mtu 1500
    nslookup nobody.example 10.0.2.15 2>&1 | grep -qi 'nxdomain\|find' || fail "$guest: no answer by UDP"
    got=$(timeout 20 nc -w 10 10.0.2.15 19 </dev/null | md5sum)
    [ "$got" = "$want" ] || fail "$guest: the bytes that came by TCP are not those sent"
    got=$(head -c 3000000 /dev/zero | timeout 20 nc -w 10 10.0.2.15 9)
    [ "$got" = "3000000 bytes" ] || {
        grep '^Tcp:' /proc/net/snmp
        netstat -tn
        ping_all 3 56
        fail "$guest: of 3000000 bytes by TCP it got: $got"
    }
}

finish() {
    echo bye | nc -w 10 10.0.2.15 4444 >/dev/null
    expect_result "$guest"
    ! dmesg | grep -i "vif$id\..*\(fatal\|error\|bad\|invalid\)" || fail "$guest: netback complained"
    grep '^rx \|^echoes' "$(console_file "$guest")"
    domain_destroy "$guest"
}

# 32000 bytes of 37 turns, 40 times.
want=$(awk 'BEGIN { s = "0123456789abcdefghijklmnopqrstuvwxyz\n"; for (i = 0; i < 865; i++) p = p s; p = substr(p, 1, 32000);
    for (i = 0; i < 40; i++) printf "%s", p }' | md5sum)

begin "$TEST"
exchange
xl network-detach "$guest" 0 || fail "the interface could not be taken away"
expect_console "$guest" '^carrier.*down'
xl network-attach "$guest" bridge=xenbr0 || fail "the interface could not be given back"
xenstore_wait "/local/domain/0/backend/vif/$id/0/state" '^4$' 20 || fail "the backend never connected again"
ip neigh flush dev xenbr0 >/dev/null
exchange
finish

begin untrusted 'vif=["bridge=xenbr0,untrusted"]'
[ "$(xenstore-read "/local/domain/$id/device/vif/0/trusted")" = 0 ] || error "xl knows no untrusted"
exchange
finish

echo 2 >/sys/module/xen_netback/parameters/max_queues
begin queues 'extra="netqueues=2"'
[ "$(xenstore-read "/local/domain/$id/device/vif/0/multi-queue-num-queues")" = 2 ] || fail "not two queues"
exchange
finish
pass
