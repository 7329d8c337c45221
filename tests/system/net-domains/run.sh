# SPDX-License-Identifier: MIT
. /run/rig/net.sh

# tool WHERE NAME ARGUMENTS
tool() {
    local where=$1 name=$2
    shift 2
    said=$($where "$DIR/$name" "$@" 2>&1 </dev/null) || fail "$name $*: $said"
    echo "$said"
}

# quiet GUEST: netback has nothing to say about it.
quiet() {
    ! dmesg | grep -i "vif$(domain_id "$1")\..*\(fatal\|error\|bad\|invalid\)" || fail "$1: netback complained"
}

ip link add xenbr1 type bridge
ip addr add 10.0.3.4/24 dev xenbr1
ip link set xenbr1 up
station other 10.0.3.30/24
ip link set other master xenbr1

# Two interfaces.
guest_start echo 'memory=16' 'maxmem=16' 'vif=["bridge=xenbr0","bridge=xenbr1"]' \
    'extra="ip=10.0.2.15::10.0.2.4:255.255.255.0:echo:eth0:off ip=10.0.3.15:::255.255.255.0::eth1:off ip6=fd00:1::15/64"'
expect_console echo '^echo: ready' 30 >/dev/null
tool "at other" tcp-peer echo 10.0.3.15 7 2 500000 &
tool "" tcp-peer echo 10.0.2.15 7 2 500000
wait $! || fail "the second interface"
tool "" tcp-peer echo 10.0.3.15 7 100 1000
tool "at other" udp-peer echo 10.0.3.15 7 300 1472

# Two domains.
guest_start
expect_result "$TEST"
quiet "$TEST"
quiet echo
domain_destroy echo
ip link del xenbr1

# iperf: to the guest, which compares; and, as -r asks for, from the guest: two million digits to port 5001.
guest_start iperf 'extra="ip=10.0.2.15::10.0.2.4:255.255.255.0:iperf:eth0:off -- check"'
expect_console iperf '^iperf: port 5001' 30 >/dev/null
ip neigh flush dev xenbr0
timeout 60 iperf -c 10.0.2.15 -n 8M 2>&1 | grep -E 'Mbits|Gbits' || fail "iperf did not finish"
expect_console iperf '^iperf: (received from|WRONG|broken|failed)' 20 | grep ' 8388608 bytes' || fail "iperf: $(cat "$(console_file iperf)")"
"$DIR/tcp-peer" digits 5001 >"$DIR/digits" 2>&1 &
digits=$!
follow -t 20 -e listening "$DIR/digits" >/dev/null
printf '\200\0\0\0\0\0\0\001\0\0\023\211\0\0\0\0\0\0\0\0\0\036\204\200' | timeout 20 nc 10.0.2.15 5001
wait "$digits" || fail "what iperf sends: $(cat "$DIR/digits")"
grep -E '^2[0-9]{6} bytes' "$DIR/digits" || fail "iperf sent $(cat "$DIR/digits")"
expect_console iperf '^iperf: sent to' 20
quiet iperf
pass
