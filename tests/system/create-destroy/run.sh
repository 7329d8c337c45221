# SPDX-License-Identifier: MIT
# CYCLES domains one after the other; what dom0 and Xen hold afterwards must be what they held before.
CYCLES=${CYCLES:-20}

footprint() {
    echo "xenstore: $(xenstore-ls -f / | grep -cv '^/tool')"
    echo "domains: $(xl list | wc -l)"
    echo "event channels of dom0: $(lsevtchn 0 | grep -cv unbound)"
    xl debug-keys g
    echo "grants in use: $(xl dmesg -c | grep -c 'gnttab.*gfn\|^(XEN) \[0x')"
}

cycle() {
    if [ $(($1 % 2)) = 0 ]; then
        guest_start "$TEST"
        expect_end "$TEST" poweroff
    else
        guest_start "$TEST" 'extra="stay"'
        expect_console "$TEST" '^here'
    fi
    domain_destroy "$TEST"
}

# The first one leaves what every dom0 keeps for good: /vm, /libxl.
cycle 0 >/dev/null
cycle 1 >/dev/null
xl dmesg -c >/dev/null
footprint >/tmp/before
free_before=$(xl info | sed -n 's/^free_memory *: *//p')
n=0
while [ $n -lt "$CYCLES" ]; do
    cycle $n >/dev/null
    n=$((n + 1))
done
footprint >/tmp/after
free_after=$(xl info | sed -n 's/^free_memory *: *//p')
cat /tmp/after
echo "free memory: $free_before MiB before, $free_after MiB after $CYCLES domains"
cmp -s /tmp/before /tmp/after || fail "$(diff /tmp/before /tmp/after | tr '\n' ' ')"
[ "$free_before" = "$free_after" ] || fail "Xen's free memory went from $free_before to $free_after MiB"
pass
