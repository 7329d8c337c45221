# SPDX-License-Identifier: MIT
#
# In dom0: the figures of the network benchmark, of the guest at 10.0.2.15. Each is printed as "figure NAME VALUE"; the unit is in the name.
# In the environment: TYPE, RUNS, SECONDS_EACH.
. ./linux.sh

GUEST=10.0.2.15
VIF='vif=["bridge=xenbr0,mac=00:16:3e:00:00:15"]'
PATH=$PWD/bin:$PATH

# figure NAME COMMAND...: the command's output, RUNS times. A figure that fails is said, not guessed.
figure() {
    local name=$1 n=0 value
    shift
    while [ $n -lt "$RUNS" ]; do
        if value=$("$@") && [ -n "$value" ]; then
            echo "figure $name $value"
        else
            echo "failed $name"
            return 1
        fi
        n=$((n + 1))
    done
}

first_ns() { "$@" | cut -d ' ' -f 1; }
mean_ns() { "$@" | cut -d ' ' -f 2; }

# wrk_rate ARGUMENT...: answers in a second. Any error spoils the figure.
wrk_rate() {
    wrk -t 1 -c 16 -d "${SECONDS_EACH}s" "$@" "http://$GUEST:80/1k.txt" >wrk.log 2>&1
    if grep -q -e 'Socket errors' -e 'Non-2xx' wrk.log; then
        cat wrk.log >&2
        return 1
    fi
    sed -n 's/^Requests\/sec: *//p' wrk.log
}

small_figures() {
    netpeer wait $GUEST 7 60 || return 1
    figure ping_ns mean_ns netpeer ping $GUEST 56 300
    figure tcp_rr1_ns first_ns netpeer tcp $GUEST 7 1 300
    figure tcp_rr64_ns first_ns netpeer tcp $GUEST 7 64 300
    figure udp_rr64_ns first_ns netpeer udp $GUEST 7 64 300
    figure connect_ns first_ns netpeer connect $GUEST 7 200
    figure connection_ns first_ns netpeer connection $GUEST 7 200
}

# stream_figures: bits in a second. One call measures both ways, one after the other: its second line is the way out of the guest.
# iperf's two ends sometimes lose each other between the two: another attempt, and it is said.
stream_figures() {
    local n=0 attempts=0
    netpeer wait $GUEST 5001 60 || return 1
    while [ $n -lt "$RUNS" ]; do
        timeout 300 iperf -c $GUEST -t "$SECONDS_EACH" -r -y C >iperf.log 2>iperf.err
        if [ "$(wc -l <iperf.log)" -eq 2 ]; then
            awk -F , '{ print "figure", NR == 1 ? "stream_in_bits" : "stream_out_bits", $9 }' iperf.log
            n=$((n + 1))
        elif [ $((attempts += 1)) -eq 4 ]; then
            echo "failed streams"
            cat iperf.err >&2
            return 1
        fi
    done
    [ $attempts -eq 0 ] || echo "note $attempts attempts of iperf came to nothing: $(head -1 iperf.err)"
}

http_figures() {
    netpeer wait $GUEST 80 60 || return 1
    figure keepalive_rate wrk_rate
    figure close_rate wrk_rate -H 'Connection: close'
}

# start_ours NAME: an application of ours; httpd with its page in a RAM disk.
start_ours() {
    local more=''
    if [ "$1" = httpd ]; then
        head -c 1024 /dev/zero | tr '\0' x >1k.txt
        tar c -f page.tar 1k.txt
        more="ramdisk=\"$PWD/page.tar\""
    fi
    domain_start "$1" "$PWD/images/$1" "type=\"$TYPE\"" "memory=$MEMORY" "$VIF" \
        "extra=\"ip=$GUEST::10.0.2.4:255.255.255.0 $EXTRA\"" "$NATIVE" "$more"
}

# port_of LOAD: where its server listens.
port_of() {
    case $1 in
    in | both) echo 5001 ;;
    keepalive | close) echo 80 ;;
    *) echo 7 ;;
    esac
}
