# SPDX-License-Identifier: MIT
# In dom0: RUNS domains of each type with boottime, one after the other. Prints what each says.
. /run/rig/domain.sh
for type in pv pvh; do
    n=0
    while [ $n -lt "$RUNS" ]; do
        domain_start bench "$PWD/hello" "type=\"$type\"" "memory=$MEMORY" 'extra="boottime"' || exit 1
        domain_wait_end bench 600 >/dev/null || exit 1
        console_expect bench '^\[.*boottime: ' 60 | tr -d '\r' || exit 1
        domain_destroy bench
        n=$((n + 1))
    done
done
