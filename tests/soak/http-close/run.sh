# SPDX-License-Identifier: MIT
# Claim: apps/httpd at full load from wrk, a connection for every request, for as long as DIR/minutes says: every body is right, no request fails, memory is at its end what it was
# before, and neither dom0 nor Xen has logged an error.
. /run/rig/net.sh

URL=http://10.0.2.15:80
minutes=$(cat "$DIR/minutes")

# load SECONDS CONNECTIONS
load() {
    BODY=$DIR/www/page.bin CLOSE=1 wrk --timeout 10s -t 1 -c "$2" -d "$1s" -s "$DIR/body.lua" "$URL" >"$DIR/wrk" 2>&1
    said=$(grep '^BODIES' "$DIR/wrk")
    case "$said" in
    "BODIES right "[1-9]*" wrong 0 errors connect 0 read 0 write 0 timeout 0 status 0") ;;
    *) fail "wrk: $(cat "$DIR/wrk")" ;;
    esac
}

metrics() {
    curl -s -m 20 "$URL/metrics" >"$DIR/metrics"
}

metric() {
    awk -v name="xenolith_$1" '$1 == name { print $2 }' "$DIR/metrics"
}

# figures FILE: when no connection is left but ours, nor one that only waits for its time to end (a minute).
figures() {
    local end=$(($(date +%s) + 300))
    while metrics; do
        [ "$(metric tcp_connections)" -le 1 ] && [ "$(metric tcp_time_wait)" = 0 ] && break
        [ "$(date +%s)" -lt "$end" ] || fail "connections stay: $(metric tcp_connections), $(metric tcp_time_wait) in TIME_WAIT"
        sleep 5
    done
    for name in memory_bytes memory_free_bytes memory_quarantined_bytes heap_used_bytes heap_held_bytes threads grants_in_use; do
        echo "$name $(metric "$name")"
    done >"$1"
}

mkdir -p "$DIR/www"
head -c 1024 /dev/urandom >"$DIR/www/page.bin"
(cd "$DIR/www" && tar c .) >"$DIR/www.tar"
guest_start httpd 'memory=16' 'maxmem=16' 'vif=["bridge=xenbr0"]' "ramdisk=\"$DIR/www.tar\"" \
    'extra="ip=10.0.2.15::10.0.2.4:255.255.255.0:httpd:eth0:off"'
expect_console httpd '^httpd: port 80' 30
ip neigh flush dev xenbr0
dmesg -c >/dev/null
xl dmesg -c >/dev/null

# What is kept for good (pools, slabs, granted pages of the rings) is taken now: as many wait for their end as ever will.
load 75 32
figures "$DIR/before"
load $((minutes * 60)) 16
echo "$minutes minutes: $said, $(awk '/^Requests.sec/ { print $2 }' "$DIR/wrk") a second"
metrics
grep -E '^xenolith_(httpd_requests_total|httpd_accepted_total|tcp_retransmitted|tcp_dropped|net_[rt]x_(dropped|errors|packets)|upcalls|hypercalls)' "$DIR/metrics"
figures "$DIR/after"
echo "figure before after"
paste "$DIR/before" "$DIR/after" 2>/dev/null || cat "$DIR/before" "$DIR/after"
# The heap may hold more pages for as many objects (slabs that are not quite empty); no other page may be missing, nor any object: a byte a connection would be seen.
awk '{ if (NR == FNR) { was[$1] = $2; next } is[$1] = $2 }
    END { used = is["heap_used_bytes"] - was["heap_used_bytes"]
          exit is["memory_free_bytes"] + is["heap_held_bytes"] != was["memory_free_bytes"] + was["heap_held_bytes"] ||
               used > 1024 || is["memory_quarantined_bytes"] != 0 || is["threads"] != was["threads"] ||
               is["grants_in_use"] != was["grants_in_use"] }' "$DIR/before" "$DIR/after" || fail "memory is not what it was"
dmesg | grep -iE 'error|fail|bad|warn|bug|oops|fatal|invalid|stall|hung' && fail "dom0 has logged errors"
xl dmesg | grep -iE 'error|fail|bad|warn|bug|fatal|crash|fault' && fail "Xen has logged errors"
pass
