# SPDX-License-Identifier: MIT
#
# dom0's part of rig/xen-rig: runs the domain NAME from its configuration file, standard input and output
# being its console. What happens is told on descriptor 2, one line each: "created ID", "ended HOW STATUS",
# "failed".
#
# usage: run-image.sh NAME SECONDS TRACE

. /run/rig/domain.sh
name=$1 seconds=$2 trace=$3
exec 3<&0 </dev/null

if ! domain_create_from "$name" "$RIG/$name/cfg"; then
    cat "$RIG/$name/create.log" >&2
    echo "failed" >&2
    exit 1
fi
echo "created $(domain_id "$name")" >&2

follow "$(console_file "$name")" &
follower=$!
cat <&3 >"$(console_tty "$name")" 2>/dev/null &
typist=$!
if [ -n "$trace" ]; then
    xentrace -D -e all "$trace" 2>/dev/null &
    tracer=$!
    follow -t 10 -x "$trace"
fi

domain_unpause "$name"
end=$(domain_wait_end "$name" "$seconds")
status=$(domain_status "$name")

if [ -n "$trace" ]; then
    kill -INT "$tracer"
    wait "$tracer"
fi
drain "$(domain_id "$name")"
kill -TERM "$follower" "$typist" 2>/dev/null
wait "$follower"
echo "ended $end $status" >&2
