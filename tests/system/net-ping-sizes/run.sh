# SPDX-License-Identifier: MIT
# Sizes in steps, small ones up to the second fragment, and all around the ends of fragments and pages.
. /run/rig/net.sh

# pings WHERE ADDRESS ENDS_OF_FRAGMENTS SMALL_STEP STEP LAST
pings() {
    local said n=$3 last=$6
    said=$($1 "$DIR/ping-sizes" "$2" 0 130 1 131 1399 "$4" 1400 1600 1 1601 "$last" "$5" $((last - 4)) "$last" 1 \
        $((n - 1)) "$last" $((n + 8)) "$n" "$last" $((n + 8)) $((n + 1)) "$last" $((n + 8)) \
        4068 "$last" 4096 8960 9000 1) || fail "$2: $said"
    echo "$2: $said"
    case "$said" in *[0-9][0-9]" asked again"*) fail "$2: too many were lost: $said" ;; esac
}

# addresses GUEST: waits until the lease is there, and learns the address that the advertised prefix gives this MAC.
addresses() {
    local mac
    mac=$(xenstore-read "/local/domain/$(domain_id "$1")/device/vif/0/mac")
    v4=$(awk -v mac="$mac" '$2 == mac { print $3 }' "$NET/leases")
    [ -n "$v4" ] || fail "no lease for $mac: $(cat "$NET/leases")"
    v6=fd00:1::$(echo "$mac" | awk -F: '{ printf "2%s:%sff:fe%s:%s%s", $2, $3, $4, $5, $6 }')
    expect_console "$1" "eth0: $v4/24 .*by dhcp" 10
    expect_console "$1" 'eth0: [Ff][Dd]00:1::.*/64 by router advertisement' 20
}

ip -6 addr add fd00:1::1/64 dev xenbr0 nodad
dnsmasq_start --dhcp-range=10.0.2.50,10.0.2.99,255.255.255.0,1h --enable-ra --dhcp-range=fd00:1::,ra-only,64,1h
station far 10.0.2.30/24 fd00:1::30/64

guest_start
expect_console "$TEST" '^ready eth0 mtu 1500 by dhcp' 30
addresses "$TEST"
pings "" "$v4" 1472 7 509 65507
pings "" "$v6" 1452 7 509 65507
capture_start far
pings "at far" "$v4" 1472 37 1511 65507
pings "at far" "$v6" 1452 37 1511 65507
expect_clean "$(capture_end far)"
console_type "$TEST" '\n'
expect_result "$TEST"

ip link set xenbr0 mtu 9000
guest_start jumbo 'vif=["bridge=xenbr0,mtu=9000"]'
ip link set "$(vif_of jumbo)" mtu 9000
expect_console jumbo '^ready eth0 mtu 9000' 30
addresses jumbo
ip link set xenbr0 mtu 9000
pings "" "$v4" 8972 37 251 65507
pings "" "$v6" 8952 37 251 65507
console_type jumbo '\n'
expect_result jumbo
pass
