// SPDX-License-Identifier: MIT
/*
 * Time from Xen: the pvclock of our vCPU, the wall clock, and the one alarm that the timer queue sets.
 * ABI: xen/xen.h, struct vcpu_time_info, struct shared_info (wc_*); xen/vcpu.h, VCPUOP_set_singleshot_timer.
 */
#include <xenolith/time.h>

#include <arch/cpu.h>
#include <arch/irq.h>

#include <xenolith/boot.h>
#include <xenolith/compiler.h>
#include <xenolith/events.h>
#include <xenolith/hypercall.h>
#include <xenolith/panic.h>
#include <xenolith/sched.h>

/** struct clock_sample - A consistent copy of vcpu_time_info, and a TSC value read while it held. */
struct clock_sample {
    uint64_t tsc_timestamp, system_time, tsc;
    uint32_t mul;
    int8_t shift;
};

/** tsc_ordered() - Not before the loads that came before it. */
static uint64_t tsc_ordered(void)
{
    __asm__ volatile("lfence" ::: "memory");
    return cpu_tsc();
}

/**
 * take_sample() - Xen makes version odd while it writes.
 *
 * The TSC is read inside the loop: Xen may move us to another processor, or host, between any two instructions, and a
 * TSC of there means nothing with the parameters of here.
 */
static void take_sample(struct clock_sample *s)
{
    const struct vcpu_time_info *t = &shared_info.vcpu_info[0].time;
    uint32_t version;

    do {
        version = READ_ONCE(t->version);
        smp_rmb();
        s->tsc_timestamp = t->tsc_timestamp;
        s->system_time = t->system_time;
        s->mul = t->tsc_to_system_mul;
        s->shift = t->tsc_shift;
        s->tsc = tsc_ordered();
        smp_rmb();
    } while ((version & 1) || version != READ_ONCE(t->version));
}

static uint64_t scale(const struct clock_sample *s, uint64_t ticks)
{
    ticks = s->shift >= 0 ? ticks << s->shift : ticks >> -s->shift;
    return (uint64_t)(((unsigned __int128)ticks * s->mul) >> 32);
}

/** sample_ns() - By the difference: with a TSC offset the timestamp itself may lie below 0, or behind @tsc. */
static uint64_t sample_ns(const struct clock_sample *s, uint64_t tsc)
{
    if ((int64_t)(tsc - s->tsc_timestamp) < 0) {
        return s->system_time - scale(s, s->tsc_timestamp - tsc);
    }
    return s->system_time + scale(s, tsc - s->tsc_timestamp);
}

uint64_t time_monotonic_ns(void)
{
    static uint64_t last;
    struct clock_sample s;
    uint64_t now;

    take_sample(&s);
    now = sample_ns(&s, s.tsc);
    /* A new sample may lie a few ns before the old one's extrapolation. */
    if (UNLIKELY(now < last)) {
        return last;
    }
    last = now;
    return now;
}

uint64_t time_tsc_to_ns(uint64_t tsc)
{
    struct clock_sample s;

    take_sample(&s);
    return sample_ns(&s, tsc);
}

uint64_t time_wall_ns(void)
{
    uint32_t version;
    uint64_t sec, nsec;

    do {
        version = READ_ONCE(shared_info.wc_version);
        smp_rmb();
        sec = (uint64_t)shared_info.wc_sec_hi << 32 | shared_info.wc_sec;
        nsec = shared_info.wc_nsec;
        smp_rmb();
    } while ((version & 1) || version != READ_ONCE(shared_info.wc_version));
    return sec * NS_PER_SEC + nsec + time_monotonic_ns();
}

void time_set_alarm(uint64_t deadline_ns)
{
    struct vcpu_set_singleshot_timer single = {.timeout_abs_ns = deadline_ns};

    if (deadline_ns == TIME_FOREVER) {
        (void)HYPERVISOR_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL);
        return;
    }
    /* Xen takes the sign bit for the far past. */
    if (single.timeout_abs_ns > INT64_MAX) {
        single.timeout_abs_ns = INT64_MAX;
    }
    if (HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 0, &single) != 0) {
        panic("clock: Xen refuses the alarm at %lu", (unsigned long)deadline_ns);
    }
}

static void alarm_upcall(evtchn_port_t port, void *arg)
{
    (void)port;
    (void)arg;
    sched_alarm_upcall();
}

void time_init(void)
{
    evtchn_port_t port;
    int rc;

    /* PV vCPUs start with a 100 Hz tick, which nobody wants. */
    if (boot_is_pv()) {
        (void)HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    }
    rc = evtchn_bind_virq(VIRQ_TIMER, 0, alarm_upcall, NULL, &port);
    if (rc != 0) {
        panic("clock: cannot bind VIRQ_TIMER (%d)", rc);
    }
    evtchn_unmask(port);
}
