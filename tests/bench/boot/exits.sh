# SPDX-License-Identifier: MIT
# In dom0: one domain of each type that stops where main() would begin, with Xen's trace of its processor running. What
# is in the trace is what the boot costs Xen.
. /run/rig/domain.sh
mkdir -p out
for type in pv pvh; do
    domain_create bench "$PWD/hello" "type=\"$type\"" "memory=$MEMORY" 'extra="boottime=stop"' || exit 1
    # HVM and PV classes (0x8f000, 0x20f000), pCPU 1 only: the guest is alone there.
    xentrace -D -e 0x0028f000 -c 0x2 "out/$type.trace" 2>"$type.log" &
    tracer=$!
    # xentrace says nothing when it is ready; its file appears.
    follow -t 10 -e . "out/$type.trace" >/dev/null 2>&1
    domain_unpause bench
    domain_wait_end bench 60 || exit 1
    kill -INT $tracer
    wait $tracer
    domain_destroy bench
done
