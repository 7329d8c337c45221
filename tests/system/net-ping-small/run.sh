# SPDX-License-Identifier: MIT
# dom0 pings, by IPv4 and IPv6: each size is answered as often as asked.
ping_all() {
    ping -A -q -c "$1" -w 30 -s "$2" 10.0.2.15 >"$DIR/ping.out" 2>&1
    grep -q " $1 packets received" "$DIR/ping.out" || fail "ping of $2 bytes: $(cat "$DIR/ping.out")"
}

# The same by IPv6, to the address that both ends make from their MAC.
ping6_all() {
    ping6 -q -i 0.05 -c "$1" -w 30 -s "$2" "$link%xenbr0" >"$DIR/ping.out" 2>&1
    grep -q " $1 packets received" "$DIR/ping.out" || fail "ping6 of $2 bytes: $(cat "$DIR/ping.out")"
}

ip neigh flush dev xenbr0 >/dev/null
guest_start
expect_console "$TEST" '^ready eth0 10.0.2.15/24'
link=$(sed -n 's/^link \(fe80[^/]*\).*/\1/p' "$(console_file "$TEST")" | tr -d '\r')
for size in 0 1 17 56 511 1400 1472 1473 2952 4053 8000 20000 65507; do
    ping_all 20 "$size"
done
id=$(domain_id "$TEST")
for size in 0 1452 1453 65487 65507; do
    ping6_all 10 "$size"
done
! dmesg | grep -i "vif$id\..*\(fatal\|error\|bad\|invalid\)" || fail "netback complained"
domain_destroy "$TEST"
pass
