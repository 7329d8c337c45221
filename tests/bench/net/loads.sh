# SPDX-License-Identifier: MIT
#
# In dom0: loads of the network benchmark, the code of each counted by the plugin; after each the host takes what was counted, and types
# a line.
# Arguments: the guest's disk, "linux" or "ours", the loads. Prints "operations LOAD N UNIT" and "count LOAD NAME N", what dom0 counted.
. ./figures.sh

# load NAME: runs it, prints how many operations it made and what they are.
load() {
    local n
    case $1 in
    ping) netpeer ping $GUEST 56 1000 | sed 's/ .*//; s/^/1016 exchange /' ;;
    rr) netpeer tcp $GUEST 7 64 1000 | sed 's/ .*//; s/^/1016 exchange /' ;;
    udp) netpeer udp $GUEST 7 64 1000 | sed 's/ .*//; s/^/1016 exchange /' ;;
    connect) netpeer connection $GUEST 7 300 | sed 's/ .*//; s/^/316 connection /' ;;
    in) n=$(iperf -c $GUEST -t "$SECONDS_EACH" -y C | cut -d , -f 8) && echo "$((n / 1024)) KiB" ;;
    both)
        n=$(iperf -c $GUEST -t "$SECONDS_EACH" -r -y C | cut -d , -f 8 | tr '\n' '+') && echo "$(((${n}0) / 1024)) KiB"
        ;;
    keepalive | close)
        set -- "$1" -t 1 -c 16 -d "${SECONDS_EACH}s"
        [ "$1" = close ] && set -- "$@" -H 'Connection: close'
        shift
        n=$(wrk "$@" "http://$GUEST:80/1k.txt" | sed -n 's/ *\([0-9]*\) requests in.*/\1/p') && echo "$n request"
        ;;
    esac
}

# counters VIF: what netback and dom0's kernel count, a name and a number a line.
counters() {
    local stats=/sys/class/net/$1/statistics
    echo "packets_out $(cat "$stats/rx_packets")"
    echo "packets_in $(cat "$stats/tx_packets")"
    echo "notifications $(awk -v vif="$1" 'index($NF, vif) == 1 { n += $2 } END { print n + 0 }' /proc/interrupts)"
    # "TX: nr_ents 256", then "req prod N (n) cons N (n) event N (n)" and the same for responses: consumed slots of each ring.
    awk '/^TX:/ { ring = "slots_out" } /^RX:/ { ring = "slots_in" }
        /^req prod/ && ring != "" { print ring, $6 }' "/sys/kernel/debug/xen-netback/$1/io_ring_q0" 2>/dev/null
}

# measured GUEST LOAD
measured() {
    local vif result
    vif=vif$(domain_id "$1").0
    netpeer wait $GUEST "$(port_of "$2")" 60 || return 1
    netpeer ping $GUEST 56 20 >/dev/null
    counters "$vif" >before
    netpeer count on
    result=$(load "$2")
    netpeer count off
    counters "$vif" >after
    echo counted
    read -r _
    echo "operations $2 ${result:-failed}"
    awk -v load="$2" 'NR == FNR { old[$1] = $2; next } { print "count", load, $1, $2 - old[$1] }' before after
}

# app_of LOAD: which application of ours serves it.
app_of() {
    case $1 in
    in | both) echo iperf ;;
    keepalive | close) echo httpd ;;
    *) echo echo ;;
    esac
}

disk=$1 guest=$2
shift 2
mkdir -p /sys/kernel/debug
mount -t debugfs none /sys/kernel/debug 2>/dev/null
ip neigh flush all
if [ "$guest" = linux ]; then
    start_linux "$disk" "$VIF" || exit 1
    echo "symbols begin"
    linux_says 'grep -F [xen /proc/kallsyms' | grep '^ffffffff'
    echo "symbols end"
fi
running=linux
for load in "$@"; do
    if [ "$guest" = ours ] && [ "$running" != "$(app_of "$load")" ]; then
        domain_destroy "$running"
        running=$(app_of "$load")
        ip neigh flush all
        start_ours "$running" || exit 1
    fi
    measured "$running" "$load" || exit 1
done
domain_destroy "$running"
