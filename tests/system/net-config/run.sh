# SPDX-License-Identifier: MIT
# Claim: an interface takes the addresses that xl.cfg gives its vif; a server on the network is asked for the time, and how far the host's
# clock is off is said; who asks by multicast for NAME.local gets the guest's address, by IPv4.
. /run/rig/net.sh

"$DIR/config-peer" time 10.0.2.4 3600 >"$DIR/time" 2>&1 &
server=$!
guest_start echo 'memory=16' 'maxmem=16' 'vif=["bridge=xenbr0,ip=10.0.2.15/24 10.0.2.4"]' \
    'extra="loglevel=info mdns=stone sntp=10.0.2.4"'
expect_console echo '^eth0: 10.0.2.15/24 gateway 10.0.2.4 by xenstore' 30
expect_console echo '^echo: ready' 30 >/dev/null
ip neigh flush dev xenbr0
expect_console echo "net: sntp: the host's clock is slow by (3599|3600)[0-9]{3} ms" 60
kill "$server"
said=$("$DIR/config-peer" name 10.0.2.4 stone 30 2>&1) || fail "mdns: $said"
[ "$said" = "stone.local is 10.0.2.15" ] || fail "mdns: $said"
said=$("$DIR/config-peer" name 10.0.2.4 pebble 2 2>&1) && fail "mdns: another's name: $said"
domain_destroy echo
pass
