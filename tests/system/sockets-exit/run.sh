# SPDX-License-Identifier: MIT
# dom0 takes both connections, and counts.
ip neigh flush dev xenbr0 >/dev/null
for port in 7000 7001; do
    "$DIR/tcp-peer" digits $port >"$DIR/$port.out" 2>&1 &
    follow -t 20 -e listening "$DIR/$port.out" >/dev/null || error "nobody listens on $port"
done
guest_start
expect_result "$TEST"
wait
for port in 7000 7001; do
    grep -q '^600000 bytes of digits' "$DIR/$port.out" || fail "port $port: $(cat "$DIR/$port.out")"
done
pass
