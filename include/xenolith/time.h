// SPDX-License-Identifier: MIT
/*
 * Time from the pvclock pages that Xen keeps for us (vcpu_time_info, the wall clock). All in ns.
 */
#ifndef XENOLITH_TIME_H
#define XENOLITH_TIME_H

#include <stdint.h>

#define TIME_FOREVER     UINT64_MAX
#define NS_PER_SEC       UINT64_C(1000000000)
#define NS_PER_MS        UINT64_C(1000000)
#define NS_PER_US        UINT64_C(1000)

/**
 * time_monotonic_ns() - Nanoseconds since the host's boot; never steps back. Context: any.
 * ABI: xen/xen.h, struct vcpu_time_info.
 */
uint64_t time_monotonic_ns(void);

/** time_wall_ns() - Nanoseconds since 1970-01-01 UTC; may step when the host's clock is set. Context: any. */
uint64_t time_wall_ns(void);

/** time_tsc_to_ns() - A raw TSC value of this domain as time_monotonic_ns(). For traces and boot figures. */
uint64_t time_tsc_to_ns(uint64_t tsc);

/** time_deadline_ns() - Now plus @ns, saturating at TIME_FOREVER. */
static inline uint64_t time_deadline_ns(uint64_t ns)
{
    uint64_t now = time_monotonic_ns();

    return ns > TIME_FOREVER - now ? TIME_FOREVER : now + ns;
}

/**
 * time_set_alarm() - Have the alarm upcall come at @deadline_ns (TIME_FOREVER: not at all); one alarm a vCPU.
 * Used by the timer queue alone. A deadline in the past comes at once. Context: upcalls off or threads.
 * ABI: xen/vcpu.h, VCPUOP_set_singleshot_timer.
 */
void time_set_alarm(uint64_t deadline_ns);

/** time_init() - Find the pvclock, bind VIRQ_TIMER. Context: once, from kernel_main(). */
void time_init(void);

#endif
