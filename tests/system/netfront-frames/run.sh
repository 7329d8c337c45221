# SPDX-License-Identifier: MIT
# dom0 is the other end: it pings, asks, sends and fetches, and its own counters say whether what came was whole. Once each for: one
# queue; a backend that is not trusted, so that all is copied; four queues. Between, the interface is taken away and given back.
. /run/rig/net.sh

begin() {
    guest=$1
    shift
    no_ports=$(snmp Udp NoPorts)
    bad=$(snmp Udp InCsumErrors)
    ip neigh flush dev xenbr0
    guest_start "$guest" "$@"
    expect_console "$guest" '^ready' >/dev/null
    [ $(($(snmp Udp NoPorts) - no_ports)) -ge 200 ] || fail "$guest: dom0 got $(($(snmp Udp NoPorts) - no_ports)) of 200 datagrams"
    [ "$(snmp Udp InCsumErrors)" = "$bad" ] || fail "$guest: dom0 saw bad checksums"
    ip link set "$(vif_of "$guest")" mtu 9000
}

# tool NAME ARGUMENTS: what it said, if it was not content.
tool() {
    local name=$1
    shift
    said=$("$DIR/$name" "$@" 2>&1) || fail "$guest: $name $*: $said"
}

exchange() {
    tool ping-sizes 10.0.2.15 0 60 1 500 512 1 1440 1472 1 1473 8972 53 4046 4062 1 8960 8972 1
    # Eight flows: they spread over the queues, and each is answered as it was.
    for flow in 1 2 3 4 5 6 7 8; do
        "$DIR/udp-peer" echo 10.0.2.15 7 100 1472 >"$DIR/udp.$flow" &
        eval "flow$flow=$!"
    done
    for flow in 1 2 3 4 5 6 7 8; do
        eval "wait \$flow$flow" || fail "$guest: UDP: $(cat "$DIR/udp.$flow")"
        grep -q '^100 of 100 came back, 0 lost' "$DIR/udp.$flow" || fail "$guest: UDP: $(cat "$DIR/udp.$flow")"
    done
        got=$(timeout 20 nc -w 10 10.0.2.15 19 </dev/null | md5sum)
    [ "$got" = "$want" ] || fail "$guest: the bytes that came by TCP are not those sent"
        got=$(head -c 1500000 /dev/zero | timeout 20 nc -w 10 10.0.2.15 9)
    [ "$got" = "1500000 bytes" ] || fail "$guest: of 1500000 bytes by TCP it got: $got"
}

finish() {
    id=$(domain_id "$guest")
    echo bye | nc -w 10 10.0.2.15 4444 >/dev/null
    expect_result "$guest"
    ! dmesg | grep -i "vif$id\..*\(fatal\|error\|bad\|invalid\)" || fail "$guest: netback complained"
    grep '^rx \|^echoes' "$(console_file "$guest")"
    domain_destroy "$guest"
}

# 32000 bytes of 37 turns, 40 times.
want=$(awk 'BEGIN { s = "0123456789abcdefghijklmnopqrstuvwxyz\n"; for (i = 0; i < 865; i++) p = p s; p = substr(p, 1, 32000);
    for (i = 0; i < 40; i++) printf "%s", p }' | md5sum)
ip link set xenbr0 mtu 9000
station sender 10.0.2.30/24
at sender /usr/bin/ip route add 239.0.0.0/8 dev eth0

begin "$TEST"
exchange
# Of two groups the guest has joined one; the backend was told, and drops the other's datagrams.
at sender "$DIR/udp-peer" flood 239.1.2.3 9 20 100 >/dev/null
at sender "$DIR/udp-peer" flood 239.1.2.4 9 20 100 >/dev/null
at sender "$DIR/udp-peer" flood 239.1.2.3 9 20 100 >/dev/null
xl network-detach "$guest" 0 || fail "the interface could not be taken away"
expect_console "$guest" '^carrier.*down' >/dev/null
xl network-attach "$guest" bridge=xenbr0 || fail "the interface could not be given back"
xenstore_wait "/local/domain/0/backend/vif/$(domain_id "$guest")/0/state" '^4$' 20 >/dev/null || fail "the backend never connected again"
ip link set "$(vif_of "$guest")" mtu 9000
ip neigh flush dev xenbr0
exchange
finish
grep -q '^multicast: 40 of ours, 0 of others' "$(console_file "$guest")" || fail "the filter: $(grep ^multicast "$(console_file "$guest")")"

begin untrusted 'vif=["bridge=xenbr0,untrusted"]'
[ "$(xenstore-read "/local/domain/$(domain_id "$guest")/device/vif/0/trusted")" = 0 ] || error "xl knows no untrusted"
exchange
finish

echo 4 >/sys/module/xen_netback/parameters/max_queues
begin queues 'extra="netqueues=4"'
[ "$(xenstore-read "/local/domain/$(domain_id "$guest")/device/vif/0/multi-queue-num-queues")" = 4 ] || fail "not four queues"
exchange
finish
grep -q '^queues: [234]' "$(console_file "$guest")" || fail "one queue carried all: $(grep ^queues "$(console_file "$guest")")"
pass
