// SPDX-License-Identifier: MIT
/*
 * The clock: no reading mixes two of Xen's samples whenever Xen writes a new one, scaling is exact for every shift, time
 * never steps back, and the alarm asks for what Xen understands. The TSC is the test's.
 */
#include "unit.h"

#include <fake_evtchn.h>
#include <fake_watch.h>

#include <xen/vcpu.h>

#include <arch/irq.h>

#include <xenolith/boot.h>
#include <xenolith/errno.h>
#include <xenolith/events.h>
#include <xenolith/sched.h>
#include <xenolith/time.h>

static uint64_t tsc;
static void (*in_tsc)(void);
static unsigned int alarms_rung;

uint64_t fake_tsc(void)
{
    uint64_t now = tsc;

    if (in_tsc != NULL) {
        in_tsc();
    }
    return now;
}

void sched_alarm_upcall(void)
{
    alarms_rung++;
}

static struct vcpu_time_info *info(void)
{
    return &shared_info.vcpu_info[0].time;
}

static void set_sample(uint64_t timestamp, uint64_t system_time, uint32_t mul, int8_t shift)
{
    info()->version += 2;
    info()->tsc_timestamp = timestamp;
    info()->system_time = system_time;
    info()->tsc_to_system_mul = mul;
    info()->tsc_shift = shift;
}

/* What `last` of earlier tests holds time at: each test starts later. */
static uint64_t epoch = NS_PER_SEC;

static int setup(void **state)
{
    (void)state;
    epoch += 1000 * NS_PER_SEC;
    in_tsc = NULL;
    tsc = 0;
    set_sample(0, epoch, 0x80000000U, 1); /* 1 GHz */
    return 0;
}

/* ---- Scaling ---- */

static void time_is_the_sample_and_the_scaled_rest(void **state)
{
    static const struct {
        uint32_t mul;
        int8_t shift;
        uint64_t ticks, ns;
    } cases[] = {
        {0x80000000U, 1, 12345, 12345},
        {0x80000000U, 0, 12345, 6172},
        {0x80000000U, 2, 1000, 2000},
        {0xffffffffU, 0, 1ULL << 33, (1ULL << 33) - 2},
        {0x80000000U, -1, 4000, 1000},
        {0xe0000000U, -3, 64, 7},
        {0xaaaaaaabU, -1, 3000000000U, 1000000000U},
        {1, 0, 1ULL << 32, 1},
        {0x80000000U, 1, 1ULL << 60, 1ULL << 60},
        {0x80000000U, -31, 1ULL << 40, 1ULL << 8},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t start = epoch + 10;

        set_sample(500, start, cases[i].mul, cases[i].shift);
        assert_int_equal(time_tsc_to_ns(500 + cases[i].ticks), start + cases[i].ns);
        if (cases[i].ns < 1ULL << 33) {
            tsc = 500 + cases[i].ticks;
            assert_int_equal(time_monotonic_ns(), start + cases[i].ns);
            epoch = start + cases[i].ns;
        }
    }
}

static void a_tsc_before_the_sample_is_before_its_time(void **state)
{
    (void)state;
    set_sample(1000, epoch + 5000, 0x80000000U, 1);
    assert_int_equal(time_tsc_to_ns(400), epoch + 4400);
    set_sample(1000, epoch + 5000, 0x80000000U, -1);
    assert_int_equal(time_tsc_to_ns(600), epoch + 4900);
    /* Offsets make the timestamp negative. */
    set_sample((uint64_t)-1000, epoch + 5000, 0x80000000U, 1);
    assert_int_equal(time_tsc_to_ns(500), epoch + 6500);
    assert_int_equal(time_tsc_to_ns((uint64_t)-1500), epoch + 4500);
    /* And the clock itself: a processor whose TSC lags a little must not throw it centuries ahead. */
    set_sample(1000, epoch + 5000, 0x80000000U, 1);
    tsc = 990;
    assert_int_equal(time_monotonic_ns(), epoch + 4990);
}

static void time_never_steps_back(void **state)
{
    uint64_t last = 0, now;

    (void)state;
    set_sample(0, epoch, 0x80000000U, 1);
    tsc = 1000;
    assert_int_equal(time_monotonic_ns(), epoch + 1000);
    set_sample(1000, epoch + 900, 0x80000000U, 1);
    assert_int_equal(time_monotonic_ns(), epoch + 1000);
    tsc = 1099;
    assert_int_equal(time_monotonic_ns(), epoch + 1000);
    tsc = 1150;
    assert_int_equal(time_monotonic_ns(), epoch + 1050);
    for (unsigned int i = 0; i < 100000; i++) {
        tsc += fake_random_below(1000);
        if (fake_random_below(10) == 0) {
            set_sample(tsc, info()->system_time + tsc - info()->tsc_timestamp - fake_random_below(500),
                       0x80000000U, 1);
        }
        now = time_monotonic_ns();
        assert_true(now >= last);
        last = now;
    }
    epoch = last;
}

static void the_wall_clock_is_its_base_and_the_uptime(void **state)
{
    uint64_t base = UINT64_C(5000000000) * NS_PER_SEC; /* beyond 32 bits of seconds */

    (void)state;
    shared_info.wc_sec = (uint32_t)UINT64_C(5000000000);
    shared_info.wc_sec_hi = UINT64_C(5000000000) >> 32;
    shared_info.wc_nsec = 999999999;
    tsc = 77;
    assert_int_equal(time_wall_ns(), base + 999999999 + epoch + 77);
}

static void deadlines_saturate(void **state)
{
    (void)state;
    assert_int_equal(time_deadline_ns(5), epoch + 5);
    assert_int_equal(time_deadline_ns(TIME_FOREVER), TIME_FOREVER);
    assert_int_equal(time_deadline_ns(TIME_FOREVER - epoch), TIME_FOREVER);
}

/* ---- Xen writes while we read ---- */

/* Two samples of one clock that disagree in every field; mixed, they give nonsense. */
static void old_sample(void)
{
    info()->tsc_timestamp = 1000000;
    info()->system_time = epoch;
    info()->tsc_to_system_mul = 0x80000000U;
    info()->tsc_shift = 1;
    tsc = 1000500;
}

static unsigned int writes_at[3]; /* in front of which of our accesses each step comes */
static unsigned int step;

/* The sample of another processor, whose TSC counts from elsewhere, four times as fast. */
static void write_step(void)
{
    switch (step++) {
    case 0:
        info()->version++;
        break;
    case 1:
        info()->tsc_timestamp = UINT64_C(1) << 50;
        info()->system_time = epoch + 1000;
        break;
    default:
        info()->tsc_to_system_mul = 0x80000000U;
        info()->tsc_shift = -1;
        tsc = (UINT64_C(1) << 50) + 40;
        info()->version++;
        break;
    }
}

static void xen_writes(unsigned int n)
{
    while (step < 3 && writes_at[step] <= n) {
        write_step();
    }
    if (n > 1000) {
        fprintf(stderr, "clock_test: the reading never ends\n");
        abort();
    }
}

static void xen_writes_before_the_tsc(void)
{
    while (step > 0 && step < 3) {
        write_step();
    }
}

static void check_reading(void)
{
    unsigned int accesses;
    uint64_t now;

    epoch += 100000;
    step = 0;
    old_sample();
    fake_watch(&shared_info, xen_writes);
    now = time_monotonic_ns();
    accesses = fake_watch_end();
    assert_in_range(accesses, 6, 100);
    if (now != epoch + 500 && now != epoch + 1010) {
        print_error("written before accesses %u, %u and %u\n", writes_at[0], writes_at[1], writes_at[2]);
    }
    assert_true(now == epoch + 500 || now == epoch + 1010);
    while (step < 3) {
        write_step();
    }
    assert_int_equal(time_monotonic_ns(), epoch + 1010);
}

static void no_reading_mixes_two_samples(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        /* Also so that the rest is written while RDTSC runs. */
        in_tsc = late ? xen_writes_before_the_tsc : NULL;
        for (writes_at[0] = 0; writes_at[0] < 8; writes_at[0]++) {
            for (writes_at[1] = writes_at[0]; writes_at[1] < writes_at[0] + 8; writes_at[1]++) {
                for (writes_at[2] = writes_at[1]; writes_at[2] < 24; writes_at[2]++) {
                    check_reading();
                }
            }
        }
    }
}

/* In front of the RDTSC itself, when all fields are already read. */
static void move(void)
{
    in_tsc = NULL;
    step = 0;
    while (step < 3) {
        write_step();
    }
}

static void a_move_to_another_processor_in_front_of_rdtsc_is_seen(void **state)
{
    uint64_t now;

    (void)state;
    old_sample();
    in_tsc = move;
    now = time_monotonic_ns();
    assert_int_equal(now, epoch + 1010);
}

static unsigned int wall_at, wall_until;
static unsigned int wall_step;

static void xen_sets_the_wall_clock(unsigned int n)
{
    if (n >= wall_at && wall_step == 0) {
        shared_info.wc_version++;
        shared_info.wc_sec = 7;
        wall_step = 1;
    }
    if (n >= wall_until && wall_step == 1) {
        shared_info.wc_sec_hi = 1;
        shared_info.wc_nsec = 9;
        shared_info.wc_version++;
        wall_step = 2;
    }
}

static void no_wall_time_mixes_two_settings(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 8 * 24; i++) {
        uint64_t wall;

        wall_at = i % 8;
        wall_until = wall_at + i / 8;
        shared_info.wc_sec = 3;
        shared_info.wc_sec_hi = 0;
        shared_info.wc_nsec = 5;
        wall_step = 0;
        fake_watch(&shared_info, xen_sets_the_wall_clock);
        wall = time_wall_ns() - epoch;
        (void)fake_watch_end();
        assert_true(wall == 3 * NS_PER_SEC + 5 || wall == ((UINT64_C(1) << 32) + 7) * NS_PER_SEC + 9);
        shared_info.wc_version = (shared_info.wc_version + 1) & ~1U;
    }
}

/* ---- The alarm ---- */

static unsigned long vcpu_cmd, vcpu_id;
static uint64_t asked_ns;
static int vcpu_rc;
static unsigned int periodic_stops;

static long vcpu_op(unsigned long cmd, unsigned long id, unsigned long arg, unsigned long a4)
{
    (void)a4;
    vcpu_cmd = cmd;
    vcpu_id = id;
    if (cmd == VCPUOP_set_singleshot_timer) {
        asked_ns = ((struct vcpu_set_singleshot_timer *)arg)->timeout_abs_ns;
        assert_int_equal(((struct vcpu_set_singleshot_timer *)arg)->flags, 0);
    }
    periodic_stops += cmd == VCPUOP_stop_periodic_timer;
    return vcpu_rc;
}

static void the_alarm_is_what_was_asked(void **state)
{
    static const uint64_t deadlines[] = {0, 1, 123456789012345, INT64_MAX};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        time_set_alarm(deadlines[i]);
        assert_int_equal(vcpu_cmd, VCPUOP_set_singleshot_timer);
        assert_int_equal(vcpu_id, 0);
        assert_int_equal(asked_ns, deadlines[i]);
    }
}

static void far_deadlines_do_not_become_the_past(void **state)
{
    (void)state;
    time_set_alarm((uint64_t)INT64_MAX + 1);
    assert_int_equal(vcpu_cmd, VCPUOP_set_singleshot_timer);
    assert_int_equal(asked_ns, INT64_MAX);
    time_set_alarm(TIME_FOREVER - 1);
    assert_int_equal(asked_ns, INT64_MAX);
}

static void forever_stops_the_alarm(void **state)
{
    (void)state;
    time_set_alarm(TIME_FOREVER);
    assert_int_equal(vcpu_cmd, VCPUOP_stop_singleshot_timer);
    assert_int_equal(vcpu_id, 0);
}

static void a_refused_alarm_is_our_bug(void **state)
{
    (void)state;
    vcpu_rc = -EINVAL;
    assert_true(fake_panics(time_set_alarm(5)));
    vcpu_rc = 0;
}

static evtchn_port_t timer_port(void)
{
    for (evtchn_port_t port = 1; port < 32; port++) {
        struct evtchn_status status = {.dom = DOMID_SELF, .port = port};

        assert_int_equal(evtchn_get_status(&status), 0);
        if (status.status == EVTCHNSTAT_virq) {
            return port;
        }
    }
    return 0;
}

static void the_timers_event_rings_the_alarm(void **state)
{
    (void)state;
    boot_info.mode = BOOT_PV;
    time_init();
    assert_int_equal(periodic_stops, 1);
    assert_int_not_equal(timer_port(), 0);
    fake_evtchn_raise(timer_port());
    assert_int_equal(alarms_rung, 1);
    assert_int_equal(evtchn_close(timer_port()), 0);

    boot_info.mode = BOOT_PVH;
    time_init();
    assert_int_equal(periodic_stops, 1);
    fake_evtchn_raise(timer_port());
    assert_int_equal(alarms_rung, 2);
    /* Bound already: Xen refuses, and without an alarm there is no system. */
    assert_true(fake_panics(time_init()));
}

static int group_setup(void **state)
{
    (void)state;
    fake_evtchn_start();
    evtchn_init();
    fake_hypercall_set(__HYPERVISOR_vcpu_op, vcpu_op);
    return 0;
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(time_is_the_sample_and_the_scaled_rest),
        T(a_tsc_before_the_sample_is_before_its_time),
        T(time_never_steps_back),
        T(the_wall_clock_is_its_base_and_the_uptime),
        T(deadlines_saturate),
        T(no_reading_mixes_two_samples),
        T(a_move_to_another_processor_in_front_of_rdtsc_is_seen),
        T(no_wall_time_mixes_two_settings),
        T(the_alarm_is_what_was_asked),
        T(far_deadlines_do_not_become_the_past),
        T(forever_stops_the_alarm),
        T(a_refused_alarm_is_our_bug),
        T(the_timers_event_rings_the_alarm),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
