// SPDX-License-Identifier: MIT
/*
 * Claims about the frontends' state machine: it publishes when the backend waits and not before, in one transaction; follows
 * closing, restart, removal and return; many devices go side by side; a device given up stays away until it is made anew.
 */
#include <xenolith/frontend.h>

#include <xen/io/xenbus.h>

#include <xenolith/errno.h>
#include <xenolith/sched.h>

#include <fake_xenstored.h>

#include "../../xenbus/xs_priv.h"
#include "unit.h"

static char journal[1024];
static int prepare_rc, connected_rc;
static uint64_t connected_takes_ns;
static bool tells_gone;

static void note(const struct frontend *f, char what)
{
    size_t at = strlen(journal);

    snprintf(journal + at, sizeof(journal) - at, "%c%u ", what, f->id);
}

static int do_probe(struct frontend *f)
{
    note(f, 'p');
    return f->id == 13 ? -EINVAL : 0;
}

static int do_prepare(struct frontend *f)
{
    note(f, 'a');
    return prepare_rc;
}

static int do_publish(struct frontend *f, uint32_t tx)
{
    return frontend_write(f, tx, "ring", frontend_read_backend(f, "offer", 5) + f->id);
}

static int do_connected(struct frontend *f)
{
    thread_sleep_ns(connected_takes_ns);
    note(f, 'c');
    return connected_rc;
}

static void do_changed(struct frontend *f)
{
    note(f, '!');
}

static void do_quiesce(struct frontend *f)
{
    note(f, 'q');
}

static void do_release(struct frontend *f)
{
    note(f, 'r');
}

static void do_gone(struct frontend *f)
{
    if (tells_gone) {
        note(f, 'g');
    }
}

static struct frontend_driver driver = {
    .type = "toy",
    .gone = do_gone,
    .probe = do_probe,
    .prepare = do_prepare,
    .publish = do_publish,
    .connected = do_connected,
    .changed = do_changed,
    .quiesce = do_quiesce,
    .release = do_release,
};

static void settle(void)
{
    fake_xs_kick();
    thread_sleep_ns(1000);
}

static const char *path_of(unsigned int id, const char *node, bool back)
{
    static char paths[4][128];
    static unsigned int turn;
    char *path = paths[turn++ % 4];

    if (back) {
        snprintf(path, sizeof(paths[0]), "/local/domain/0/backend/toy/7/%u%s%s", id, *node ? "/" : "", node);
    } else {
        snprintf(path, sizeof(paths[0]), FAKE_XS_HOME "/device/toy/%u%s%s", id, *node ? "/" : "", node);
    }
    return path;
}

static void front_set(unsigned int id, const char *node, const char *value)
{
    fake_xs_write(path_of(id, node, false), value);
    fake_xs_chmod(path_of(id, node, false), "n7 r0");
}

static void back_set(unsigned int id, const char *node, const char *value)
{
    fake_xs_write(path_of(id, node, true), value);
    fake_xs_chmod(path_of(id, node, true), "n0 r7");
}

static void back_state(unsigned int id, unsigned int state)
{
    char text[4];

    snprintf(text, sizeof(text), "%u", state);
    back_set(id, "state", text);
    settle();
}

static unsigned int front_state(unsigned int id)
{
    const char *value = fake_xs_read(path_of(id, "state", false));

    return value == NULL ? 99 : (unsigned int)strtoul(value, NULL, 10);
}

/* What libxl makes. */
static void make(unsigned int id)
{
    back_set(id, "", "");
    back_set(id, "online", "1");
    back_set(id, "state", "1");
    front_set(id, "", "");
    front_set(id, "backend-id", "0");
    front_set(id, "state", "1");
    front_set(id, "backend", path_of(id, "", true));
    settle();
}

static void expect(const char *what)
{
    assert_string_equal(journal, what);
    journal[0] = '\0';
}

static void make_connected(unsigned int id)
{
    make(id);
    back_state(id, XenbusStateInitWait);
    back_state(id, XenbusStateConnected);
    assert_int_equal(front_state(id), XenbusStateConnected);
    journal[0] = '\0';
}

static void unmake(unsigned int id)
{
    fake_xs_rm(path_of(id, "", false));
    settle();
    fake_xs_rm(path_of(id, "", true));
    settle();
}

static int group_setup(void **state)
{
    (void)state;
    fake_boot(4096);
    fake_xs_start(0);
    fake_xs_write(FAKE_XS_HOME "/device", "");
    fake_xs_chmod(FAKE_XS_HOME "/device", "n0 r7");
    return frontend_register(&driver);
}

static int setup(void **state)
{
    (void)state;
    journal[0] = '\0';
    prepare_rc = connected_rc = 0;
    connected_takes_ns = 0;
    return 0;
}

static void publishes_when_the_backend_waits(void **state)
{
    (void)state;
    make(0);
    expect("p0 ");
    assert_int_equal(front_state(0), XenbusStateInitialising);
    assert_null(fake_xs_read(path_of(0, "ring", false)));
    back_set(0, "offer", "40");
    back_state(0, XenbusStateInitWait);
    expect("a0 ");
    assert_int_equal(front_state(0), XenbusStateConnected);
    assert_string_equal(fake_xs_read(path_of(0, "ring", false)), "40");
    back_state(0, XenbusStateInitWait); /* once more */
    expect("");
    back_state(0, XenbusStateConnected);
    expect("c0 ");
    assert_int_equal(frontend_settle(&driver, 0), 1);
    back_set(0, "carrier", "0");
    settle();
    expect("!0 ");
}

static void is_closed_by_the_toolstack(void **state)
{
    (void)state;
    back_set(0, "online", "0");
    back_state(0, XenbusStateClosing);
    expect("q0 ");
    assert_int_equal(front_state(0), XenbusStateClosed);
    back_state(0, XenbusStateClosed);
    expect("r0 ");
    assert_int_equal(front_state(0), XenbusStateClosed);
    unmake(0);
    expect("");
    assert_int_equal(front_state(0), 99);
}

static void comes_back_under_the_same_number(void **state)
{
    (void)state;
    make(0);
    back_state(0, XenbusStateInitWait);
    back_state(0, XenbusStateConnected);
    expect("a0 c0 ");
}

static void a_restarted_backend_is_connected_again(void **state)
{
    (void)state;
    back_state(0, XenbusStateClosed);
    expect("q0 r0 ");
    assert_int_equal(front_state(0), XenbusStateInitialising); /* online: it is asked to come back */
    back_state(0, XenbusStateInitWait);
    back_state(0, XenbusStateConnected);
    expect("a0 c0 ");
    back_state(0, XenbusStateInitWait); /* at once, with no word */
    expect("q0 r0 a0 ");
    assert_int_equal(front_state(0), XenbusStateConnected);
    back_state(0, XenbusStateConnected);
    expect("c0 ");
}

static void disappears_while_connected(void **state)
{
    (void)state;
    unmake(0);
    expect("q0 r0 ");
    assert_int_equal(front_state(0), 99);
}

/* The toolstack was faster than we: what was held for the one must not reach the other. */
static void another_device_under_the_same_number_is_told_apart(void **state)
{
    (void)state;
    make_connected(0);
    tells_gone = true;
    fake_xs_rm(path_of(0, "", false));
    fake_xs_rm(path_of(0, "", true));
    make(0);
    expect("q0 r0 g0 ");
    back_state(0, XenbusStateInitWait);
    back_state(0, XenbusStateConnected);
    expect("a0 c0 ");
    back_set(1000, "", "");
    back_set(1000, "online", "1");
    back_set(1000, "state", "2");
    front_set(0, "backend", path_of(1000, "", true));
    settle();
    expect("q0 r0 g0 a0 ");
    tells_gone = false;
    unmake(0);
    fake_xs_rm(path_of(1000, "", true));
    journal[0] = '\0';
}

static void a_conflict_publishes_again(void **state)
{
    (void)state;
    fake_xs.conflicts = 3;
    make_connected(0);
    assert_int_equal(fake_xs.conflicts, 0);
    assert_string_equal(fake_xs_read(path_of(0, "ring", false)), "5");
    unmake(0);
}

static void one_given_up_stays_away(void **state)
{
    (void)state;
    prepare_rc = -ENOMEM;
    make(0);
    back_state(0, XenbusStateInitWait);
    expect("a0 r0 ");
    assert_int_equal(front_state(0), XenbusStateClosed);
    assert_int_equal(frontend_settle(&driver, TIME_FOREVER), 0);
    prepare_rc = 0;
    back_state(0, XenbusStateClosed);
    assert_int_equal(front_state(0), XenbusStateClosed);
    back_state(0, XenbusStateInitWait);
    back_state(0, XenbusStateConnected);
    expect("");
    unmake(0);
    make_connected(0);
    unmake(0);
    journal[0] = '\0';
    connected_rc = -EPROTO;
    make(0);
    back_state(0, XenbusStateInitWait);
    back_state(0, XenbusStateConnected);
    expect("a0 c0 q0 r0 ");
    assert_int_equal(front_state(0), XenbusStateClosing);
    unmake(0);
}

static void a_connection_of_somebody_before_us_is_ended(void **state)
{
    (void)state;
    back_set(2, "state", "4");
    front_set(2, "", "");
    front_set(2, "backend-id", "0");
    front_set(2, "state", "4");
    front_set(2, "backend", "/local/domain/0/backend/toy/7/2");
    back_set(2, "online", "1");
    settle();
    assert_int_equal(front_state(2), XenbusStateClosing);
    back_state(2, XenbusStateClosing);
    assert_int_equal(front_state(2), XenbusStateClosed);
    back_state(2, XenbusStateClosed);
    assert_int_equal(front_state(2), XenbusStateInitialising);
    back_state(2, XenbusStateInitWait);
    back_state(2, XenbusStateConnected);
    expect("p2 a2 c2 ");
    unmake(2);
}

static void to_settle_is_to_wait_for_the_driver_too(void **state)
{
    (void)state;
    make(3);
    back_state(3, XenbusStateInitWait);
    journal[0] = '\0';
    connected_takes_ns = 1000000;
    back_state(3, XenbusStateConnected);
    expect(""); /* it is in the middle of connected() */
    assert_int_equal(frontend_settle(&driver, TIME_FOREVER), 1);
    expect("c3 ");
    unmake(3);
}

/* The backend's part, while somebody waits for the device. */
static void come_back(void *arg)
{
    static const unsigned int states[] = {XenbusStateClosing, XenbusStateClosed, XenbusStateInitWait,
                                          XenbusStateConnected};

    (void)arg;
    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        connected_rc = 0;
        back_state(4, states[i]);
    }
}

static void to_settle_is_to_wait_for_a_second_attempt(void **state)
{
    struct thread *backend;

    (void)state;
    make(4);
    back_state(4, XenbusStateInitWait);
    connected_rc = -EAGAIN;
    back_state(4, XenbusStateConnected);
    assert_int_equal(front_state(4), XenbusStateClosing);
    assert_int_equal(thread_create(&backend, "backend", come_back, NULL, 0), 0);
    assert_int_equal(frontend_settle(&driver, TIME_FOREVER), 1);
    assert_int_equal(thread_join(backend), 0);
    unmake(4);
    journal[0] = '\0';
    /* But not for ever: this one does not come back. */
    make(4);
    back_state(4, XenbusStateInitWait);
    connected_rc = -EAGAIN;
    back_state(4, XenbusStateConnected);
    back_set(4, "online", "0");
    back_state(4, XenbusStateClosed);
    assert_int_equal(frontend_settle(&driver, TIME_FOREVER), 0);
    unmake(4);
}

static void what_changes_while_the_driver_starts_is_told(void **state)
{
    (void)state;
    make(5);
    back_state(5, XenbusStateInitWait);
    journal[0] = '\0';
    connected_takes_ns = 1000000;
    back_state(5, XenbusStateConnected);
    back_set(5, "size", "7");
    settle();
    expect("");
    assert_int_equal(frontend_settle(&driver, TIME_FOREVER), 1);
    settle();
    expect("c5 !5 ");
    unmake(5);
}

static void memory_that_runs_out_costs_no_device(void **state)
{
    (void)state;
    make_connected(6);
    fake_fail_always();
    back_set(6, "size", "7");
    settle();
    front_set(6, "backend", path_of(6, "", true));
    settle();
    fake_fail_after(0);
    settle();
    assert_null(strchr(journal, 'q'));
    assert_non_null(strchr(journal, '!'));
    assert_int_equal(front_state(6), XenbusStateConnected);
    assert_int_equal(frontend_settle(&driver, TIME_FOREVER), 1);
    unmake(6);
}

static void many_go_side_by_side(void **state)
{
    (void)state;
    for (unsigned int id = 20; id < 40; id++) {
        make(id);
    }
    journal[0] = '\0';
    for (unsigned int id = 39; id >= 20; id--) {
        back_state(id, XenbusStateInitWait);
    }
    for (unsigned int id = 20; id < 40; id++) {
        assert_int_equal(front_state(id), XenbusStateConnected);
        back_state(id, XenbusStateConnected);
    }
    assert_int_equal(frontend_settle(&driver, TIME_FOREVER), 20);
    for (unsigned int id = 20; id < 40; id++) {
        unmake(id);
    }
    assert_int_equal(frontend_settle(&driver, TIME_FOREVER), 0);
}

static void nonsense_is_left_alone(void **state)
{
    static char longer[400];

    (void)state;
    fake_xs_write(FAKE_XS_HOME "/device/toy/xyz", "");
    fake_xs_write(FAKE_XS_HOME "/device/toy/99999999999999999999", "");
    settle();
    make(13); /* refused by the driver */
    expect("p13 ");
    memset(longer, 'x', sizeof(longer) - 1);
    longer[0] = '/';
    front_set(14, "backend-id", "0");
    front_set(14, "backend", longer);
    settle();
    front_set(15, "backend-id", "70000");
    front_set(15, "backend", "/local/domain/0/backend/toy/7/15");
    settle();
    back_set(16, "state", "not a number");
    make(16);
    back_state(16, 77);
    assert_int_equal(front_state(16), XenbusStateInitialising);
    unmake(14);
    unmake(15);
    unmake(16);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(publishes_when_the_backend_waits, setup),
        cmocka_unit_test_setup(is_closed_by_the_toolstack, setup),
        cmocka_unit_test_setup(comes_back_under_the_same_number, setup),
        cmocka_unit_test_setup(a_restarted_backend_is_connected_again, setup),
        cmocka_unit_test_setup(disappears_while_connected, setup),
        cmocka_unit_test_setup(another_device_under_the_same_number_is_told_apart, setup),
        cmocka_unit_test_setup(a_conflict_publishes_again, setup),
        cmocka_unit_test_setup(one_given_up_stays_away, setup),
        cmocka_unit_test_setup(a_connection_of_somebody_before_us_is_ended, setup),
        cmocka_unit_test_setup(to_settle_is_to_wait_for_the_driver_too, setup),
        cmocka_unit_test_setup(to_settle_is_to_wait_for_a_second_attempt, setup),
        cmocka_unit_test_setup(what_changes_while_the_driver_starts_is_told, setup),
        cmocka_unit_test_setup(memory_that_runs_out_costs_no_device, setup),
        cmocka_unit_test_setup(many_go_side_by_side, setup),
        cmocka_unit_test_setup(nonsense_is_left_alone, setup),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
