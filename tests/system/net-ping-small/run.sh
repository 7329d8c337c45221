# SPDX-License-Identifier: MIT
# dom0 pings: each size is answered as often as asked.
ping_all() {
    ping -A -q -c "$1" -w 30 -s "$2" 10.0.2.15 >"$DIR/ping.out" 2>&1
    grep -q " $1 packets received" "$DIR/ping.out" || fail "ping of $2 bytes: $(cat "$DIR/ping.out")"
}

ip neigh flush dev xenbr0 >/dev/null
guest_start
expect_console "$TEST" '^ready eth0 10.0.2.15/24'
for size in 0 1 17 56 511 1400 1472 1473 2952 4053 8000 20000 65507; do
    ping_all 20 "$size"
done
id=$(domain_id "$TEST")
! dmesg | grep -i "vif$id\..*\(fatal\|error\|bad\|invalid\)" || fail "netback complained"
domain_destroy "$TEST"
pass
