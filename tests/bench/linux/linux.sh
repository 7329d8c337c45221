# SPDX-License-Identifier: MIT
#
# In dom0: functions about the Linux guest that benchmarks compare with. In the environment: TYPE.
. /run/rig/domain.sh

# A TSC that is left alone, as on machines whose TSC Xen trusts: it does not trust an emulated one, and each look at the clock would
# be an exit. The guest beside it gets the same line.
NATIVE='tsc_mode="native"'
# AVX is hidden from Linux, whose programs would try it and fail: QEMU's emulated AVX state is none that Xen can switch.
HIDE_AVX='cpuid="host,avx=0,avx2=0"'

# start_linux DISK [LINE-OF-CONFIGURATION ...]: out of the tar file that is plugged in as DISK; returns when its servers are up.
start_linux() {
    local disk=$1 avx=''
    shift
    [ -e vmlinux ] || tar x -f "$disk" || return 1
    [ "$TYPE" = pvh ] && avx=$HIDE_AVX
    domain_start linux "$PWD/vmlinux" "type=\"$TYPE\"" memory=256 "ramdisk=\"$PWD/initrd.cpio\"" \
        'extra="console=hvc0 quiet"' "$NATIVE" "$avx" "$@" || return 1
    console_expect linux '^guest: up' 120 >/dev/null
}

# linux_says COMMAND: its output, by the console; fails if the command does.
linux_says() {
    local at log
    log=$(console_file linux)
    at=$(console_size linux)
    console_type linux "$1\\n"
    console_expect linux '^guest: done' 1800 "$at" >said || return 1
    tail -c +$((at + 1)) "$log" | tr -d '\r' | sed '/^guest: done/,$d'
    grep -q 'done 0' said
}
