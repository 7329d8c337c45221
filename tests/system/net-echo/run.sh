# SPDX-License-Identifier: MIT
# Claim: what is sent to apps/echo comes back byte for byte: one stream and a thousand at once, datagrams whole and in fragments, to dom0 and over a wire on
# which every checksum is right, by IPv4 and IPv6, with an MTU of 1500 and, on two queues, of 9000, to a backend that is not trusted. Peers that do not read stop nobody but themselves;
# floods end without a trace; a stream outlives its interface.
. /run/rig/net.sh

ADDRESS='loglevel=info ip=10.0.2.15::10.0.2.4:255.255.255.0:echo:eth0:off ip6=fd00:1::15/64'

# tool WHERE NAME ARGUMENTS
tool() {
    local where=$1 name=$2
    shift 2
    said=$($where "$DIR/$name" "$@" 2>&1 </dev/null) || fail "$guest: $name $*: $said"
    echo "$guest: $name $*: $said" | tr '\n' ' '
    echo
}

begin() {
    guest=$1
    shift
    guest_start echo 'memory=16' 'maxmem=16' "extra=\"$ADDRESS\"" "$@"
    expect_console echo '^echo: ready' 30 >/dev/null
    ip neigh flush dev xenbr0
}

finish() {
    local id
    id=$(domain_id echo)
    grep -i 'panic\|assert' "$(console_file echo)" && fail "$guest: its console"
    ! dmesg | grep -i "vif$id\..*\(fatal\|error\|bad\|invalid\)" || fail "$guest: netback complained"
    domain_destroy echo
}

all_kinds() {
    tool "" tcp-peer echo 10.0.2.15 7 1 "$1"
    tool "" tcp-peer echo fd00:1::15 7 4 "$1"
    tool "" udp-peer echo 10.0.2.15 7 1000 1472
    tool "" udp-peer echo fd00:1::15 7 200 8000
}

ip -6 addr add fd00:1::1/64 dev xenbr0 nodad
station far 10.0.2.30/24 fd00:1::30/64

begin echo 'vif=["bridge=xenbr0,mac=00:16:3e:00:00:15"]'
all_kinds 3000000
capture_start far
tool "at far" tcp-peer echo 10.0.2.15 7 2 500000
tool "at far" tcp-peer echo fd00:1::15 7 2 500000
tool "at far" udp-peer echo 10.0.2.15 7 100 4000
tool "at far" udp-peer echo fd00:1::15 7 100 4000
expect_clean "$(capture_end far)"
# The wire loses, doubles and delays, both ways.
damage="netem loss 2% duplicate 1% delay 2ms reorder 20%"
tc qdisc add dev far root $damage
at far /usr/sbin/tc qdisc add dev eth0 root $damage
tool "at far" tcp-peer echo 10.0.2.15 7 4 150000
tool "at far" tcp-peer echo fd00:1::15 7 4 150000
tc qdisc del dev far root
at far /usr/sbin/tc qdisc del dev eth0 root
tool "" tcp-peer echo 10.0.2.15 7 1000 2000

# Ten that send and do not read; the others do not notice.
mkfifo "$DIR/go"
"$DIR/tcp-peer" stall 10.0.2.15 7 10 4000000 >"$DIR/stall" 2>&1 <"$DIR/go" &
stall=$!
exec 5>"$DIR/go"
follow -t 60 -e '^stalled|:' "$DIR/stall" | grep stalled || fail "stall: $(cat "$DIR/stall")"
tool "" tcp-peer echo 10.0.2.15 7 5 200000
exec 5>&-
wait "$stall" || fail "those that did not read at first: $(cat "$DIR/stall")"
tail -n 1 "$DIR/stall"

# Floods: to the server, whose answers nobody reads, to a port where nobody is, and of fragments.
tool "" udp-peer flood 10.0.2.15 7 20000 32
tool "" udp-peer flood 10.0.2.15 4000 20000 32
tool "" udp-peer flood fd00:1::15 4000 10000 1400
tool "" udp-peer flood 10.0.2.15 7 1000 20000
# What is left of them is still under way.
for turn in 1 2 3 4 5; do
    tool "" udp-peer echo 10.0.2.15 7 200 1472
    case "$said" in *" 0 lost"*) break ;; esac
    [ "$turn" -lt 5 ] || fail "after the floods: $said"
done

# The interface goes and comes back under a stream.
"$DIR/tcp-peer" echo 10.0.2.15 7 3 10000000 >"$DIR/stream" 2>&1 &
stream=$!
follow -t 30 -e 'open|:' "$DIR/stream" >/dev/null
xl network-detach echo 0 || fail "the interface could not be taken away"
expect_console echo 'carrier lost' 20 >/dev/null
kill -0 "$stream" || error "the stream was over too soon: $(cat "$DIR/stream")"
xl network-attach echo bridge=xenbr0 mac=00:16:3e:00:00:15 || fail "the interface could not be given back"
wait "$stream" || fail "the stream under which the interface went away: $(cat "$DIR/stream")"
tail -n 1 "$DIR/stream"
finish

ip link set xenbr0 mtu 9000
echo 4 >/sys/module/xen_netback/parameters/max_queues
begin jumbo 'vif=["bridge=xenbr0,mtu=9000"]' "extra=\"$ADDRESS netqueues=2\""
echo 1 >/sys/module/xen_netback/parameters/max_queues
ip link set "$(vif_of echo)" mtu 9000
ip link set xenbr0 mtu 9000
all_kinds 1000000
tool "" udp-peer echo 10.0.2.15 7 200 8972
finish
ip link set xenbr0 mtu 1500

begin untrusted 'vif=["bridge=xenbr0,untrusted"]'
[ "$(xenstore-read "/local/domain/$(domain_id echo)/device/vif/0/trusted")" = 0 ] || error "xl knows no untrusted"
all_kinds 1000000
finish
pass
