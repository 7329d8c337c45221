# SPDX-License-Identifier: MIT
# dom0 is the other end: it pings, asks, sends and fetches, and its own counters say whether what came was whole.
udp() {
    awk -v field="$1" '/^Udp:/ { if (!names) { names = $0; split($0, n); next } for (i = 1; i <= NF; i++) if (n[i] == field) print $i }' /proc/net/snmp
}

no_ports=$(udp NoPorts)
bad=$(udp InCsumErrors)
guest_start
expect_console "$TEST" '^ready'
[ $(($(udp NoPorts) - no_ports)) -ge 200 ] || fail "dom0 got $(($(udp NoPorts) - no_ports)) of 200 datagrams"
[ "$(udp InCsumErrors)" = "$bad" ] || fail "dom0 saw bad checksums"
arping -c 3 -w 5 -I xenbr0 10.0.2.15 >/dev/null || fail "no answer to ARP"

# ping_all COUNT SIZE
ping_all() {
    ping -A -q -c "$1" -w 20 -s "$2" 10.0.2.15 >"$DIR/ping.out" 2>&1
    grep -q " $1 packets received" "$DIR/ping.out" || fail "ping of $2 bytes: $(cat "$DIR/ping.out")"
}
for size in 0 1 17 18 56 511 1400 1472; do
    ping_all 40 "$size"
done
id=$(domain_id "$TEST")
ip link set "vif$id.0" mtu 9000
ip link set xenbr0 mtu 9000
for size in 1473 4053 4054 4055 8000 8972; do
    ping_all 20 "$size"
done
ip link set xenbr0 mtu 1500

nslookup nobody.example 10.0.2.15 2>&1 | grep -qi 'nxdomain\|find' || fail "no answer by UDP"

# 32000 bytes of 37 turns, 40 times.
want=$(awk 'BEGIN { s = "0123456789abcdefghijklmnopqrstuvwxyz\n"; for (i = 0; i < 865; i++) p = p s; p = substr(p, 1, 32000);
    for (i = 0; i < 40; i++) printf "%s", p }' | md5sum)
got=$(nc -w 10 10.0.2.15 19 </dev/null | md5sum)
[ "$got" = "$want" ] || fail "the bytes that came by TCP are not those sent"
got=$(head -c 3000000 /dev/zero | nc -w 10 10.0.2.15 9)
[ "$got" = "3000000 bytes" ] || fail "of 3000000 bytes by TCP the guest got: $got"
echo bye | nc -w 10 10.0.2.15 4444 >/dev/null
expect_result "$TEST"
! dmesg | grep -i "vif$id.0.*\(fatal\|error\|bad\|invalid\)" || fail "netback complained"
pass
