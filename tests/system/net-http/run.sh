# SPDX-License-Identifier: MIT
# Claim: apps/httpd answers real clients whole: large files down and up with equal sums, a thousand connections at once, wrk with kept and with closed connections and every
# body compared, slow readers, peers that vanish without a word, and rubbish; a page even in a domain of 8 MiB; on a wire every frame and checksum is right.
. /run/rig/net.sh

URL=http://10.0.2.15:80 # wrk finds no port by name here
ADDRESS='ip=10.0.2.15::10.0.2.4:255.255.255.0:httpd:eth0:off'

# begin MEMORY OPTIONS
begin() {
    guest_start httpd "memory=$1" "maxmem=$1" 'vif=["bridge=xenbr0"]' "ramdisk=\"$DIR/www.tar\"" "extra=\"$ADDRESS -- $2\""
    expect_console httpd '^httpd: port 80' 30
    ip neigh flush dev xenbr0
}

metric() {
    curl -s -m 20 "$URL/metrics" | awk -v name="xenolith_$1" '$1 == name { print $2 }'
}

sum() {
    md5sum | cut -d' ' -f1
}

# load CLOSE SECONDS: wrk; every body must be right, and nothing go wrong.
load() {
    BODY=$DIR/www/page.bin CLOSE=$1 wrk --timeout 10s -t 1 -c 16 -d "$2s" -s "$DIR/body.lua" "$URL" >"$DIR/wrk" 2>&1
    said=$(grep '^BODIES' "$DIR/wrk")
    echo "close=$1: $said, $(awk '/^Requests.sec/ { print $2 }' "$DIR/wrk")/s"
    case "$said" in
    "BODIES right "[1-9]*" wrong 0 errors connect 0 read 0 write 0 timeout 0 status 0") ;;
    *) fail "wrk, close=$1: $(cat "$DIR/wrk")" ;;
    esac
}

# rubbish STATUS TEXT: must be answered so; STATUS is a regular expression.
rubbish() {
    got=$(printf %b "$2" | timeout 20 nc -w 5 10.0.2.15 80 | head -n 1 | cut -d' ' -f2)
    echo "$got" | grep -Eq "^($1)$" || fail "rubbish $2 was answered by: $got"
}

mkdir -p "$DIR/www"
head -c 1024 /dev/urandom >"$DIR/www/page.bin"
head -c 6000000 /dev/urandom >"$DIR/www/large.bin"
echo '<p>hello</p>' >"$DIR/www/index.html"
(cd "$DIR/www" && tar c .) >"$DIR/www.tar"
want=$(sum <"$DIR/www/large.bin")
printf 'GET /page.bin HTTP/1.1\r\nHost: x\r\n\r\n' >"$DIR/request"

begin 60 ''
[ "$(curl -s -m 60 "$URL/large.bin" | sum)" = "$want" ] || fail "the file that came down is not the one there"
# fetch NAME OPTION ...: what was wrong with it is left in a file of that name.
fetch() {
    local name=$1
    shift
    curl -sS -m 100 -o "$DIR/$name.out" -w '%{size_download} bytes in %{time_total} s' "$@" "$URL/large.bin" >"$DIR/$name.said" 2>&1 &&
        cmp "$DIR/$name.out" "$DIR/www/large.bin" >>"$DIR/$name.said" 2>&1 && echo right >>"$DIR/$name.said"
    rm -f "$DIR/$name.out"
}
for i in 1 2 3 4; do
    fetch "fetch$i" &
done
fetch fetch5 --limit-rate 3M &
load 0 3
load 1 3
wait
for i in 1 2 3 4 5; do
    echo "fetch$i: $(cat "$DIR/fetch$i.said")"
    grep -q '^.*right$' "$DIR/fetch$i.said" || fail "a file that came down with others: $(cat "$DIR/fetch$i.said")"
done
[ "$(curl -s -m 60 -r 1000000-1999999 "$URL/large.bin" | sum)" = "$(dd if="$DIR/www/large.bin" bs=1000000 skip=1 count=1 2>/dev/null | sum)" ] || fail "a range"
crc=$(crc32 "$DIR/www/large.bin" 2>/dev/null | cut -d' ' -f1)
up=$(curl -s -m 60 -T "$DIR/www/large.bin" "$URL/upload")
case "$up" in *6000000*"$crc"*) ;; *) fail "of what went up it got: $up, not crc $crc" ;; esac

said=$("$DIR/tcp-peer" get 10.0.2.15 80 1000 "$DIR/request" "$DIR/www/page.bin" 2>&1) || fail "a thousand at once: $said"
echo "$said"

# Over a wire.
station far 10.0.2.30/24
capture_start far
[ "$(at far curl -s -m 60 "$URL/large.bin" | head -c 6000000 | sum)" = "$want" ] || fail "the file over the wire"
at far curl -s -m 60 -T "$DIR/www/page.bin" "$URL/upload" >/dev/null
expect_clean "$(capture_end far)"

rubbish 400 'GARBAGE\r\n\r\n'
rubbish 400 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'
rubbish 400 'POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
rubbish 400 'GET / HTTP/1.1\r\nHo st: x\r\n\r\n'
rubbish 4.. 'GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n'
rubbish 4.. 'GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n'
rubbish '[45]..' 'GET / HTTP/9.9\r\nHost: x\r\n\r\n'
rubbish 4.. "GET /$(head -c 20000 /dev/zero | tr '\0' a) HTTP/1.1\r\nHost: x\r\n\r\n"
rubbish 4.. "GET / HTTP/1.1\r\nHost: x\r\nX: $(head -c 20000 /dev/zero | tr '\0' b)\r\n\r\n"
head -c 200000 /dev/urandom 2>/dev/null | timeout 20 nc -w 5 10.0.2.15 80 >/dev/null
[ "$(curl -s -m 20 "$URL/")" = '<p>hello</p>' ] || fail "no page after the rubbish"

! dmesg | grep -i "vif$(domain_id httpd)\..*\(fatal\|error\|bad\|invalid\)" || fail "netback complained"
domain_destroy httpd

mv "$DIR/www/large.bin" "$DIR/large.bin"
head -c 300000 "$DIR/large.bin" >"$DIR/www/middle.bin"
(cd "$DIR/www" && tar c .) >"$DIR/www.tar"
begin 8 '--idle-timeout=3 --head-timeout=3 --body-timeout=3 --write-timeout=3'
[ "$(curl -s -m 20 "$URL/")" = '<p>hello</p>' ] || fail "no page from 8 MiB"

# Peers that vanish: half a request, and a file half read.
station gone 10.0.2.31/24
at gone "$DIR/tcp-peer" hold 10.0.2.15 80 50 >"$DIR/hold" 2>&1 &
hold=$!
at gone curl -s --limit-rate 10k "$URL/middle.bin" >/dev/null 2>&1 &
reader=$!
follow -t 30 -e '^open|:' "$DIR/hold" | grep -q open || fail "hold: $(cat "$DIR/hold")"
[ "$(metric httpd_connections)" -ge 51 ] || fail "not all are there"
ip link del gone
kill -9 "$hold" "$reader"
load 1 2

# The timeouts end what nobody is behind any more: a few looks, each answered by the server itself.
end=$(($(date +%s) + 60))
while [ "$(metric httpd_connections)" -gt 1 ]; do
    [ "$(date +%s)" -lt "$end" ] || fail "$(metric httpd_connections) connections are left of those that vanished"
    timeout 5 sh -c 'nc -w 5 10.0.2.15 80 </dev/null' >/dev/null 2>&1
done
domain_destroy httpd
pass
