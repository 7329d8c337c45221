// SPDX-License-Identifier: MIT
/*
 * Claims about watches: events come in order and to the right owner, callbacks run in one thread and may do everything, a flood is
 * bounded and ends in one event that stands for what was lost, and after removal nothing comes.
 */
#include "xs_fixture.h"

static char seen[4096];

static int setup_watch(void **state)
{
    seen[0] = '\0';
    return setup(state);
}

/* Let everybody else run until nothing moves any more. */
static void settle(void)
{
    fake_xs_kick();
    thread_sleep_ns(1000);
}

static void note(struct xs_watch *watch, const char *path)
{
    size_t at = strlen(seen);

    snprintf(seen + at, sizeof(seen) - at, "%s%s%s ", (const char *)watch->arg, path,
             watch->overflow ? "!" : "");
}

static void next_is(struct xs_watch *watch, const char *expected)
{
    char *path;

    assert_int_equal(xs_watch_next(watch, &path, fake_now_ns + 1000), 0);
    assert_string_equal(path, expected);
    heap_free(path);
}

static void nothing_next(struct xs_watch *watch)
{
    char *path;

    assert_int_equal(xs_watch_next(watch, &path, fake_now_ns + 1000), -ETIMEDOUT);
}

static void events_in_order(void **state)
{
    struct xs_watch watch = {0};
    char path[64];

    assert_int_equal(xs_watch_add(&watch, "data"), 0);
    assert_int_equal(fake_xs_watches(), 1);
    next_is(&watch, "data");
    nothing_next(&watch);
    for (unsigned int i = 0; i < 50; i++) {
        snprintf(path, sizeof(path), FAKE_XS_HOME "/data/n%u", i);
        fake_xs_write(path, "x");
    }
    for (unsigned int i = 0; i < 50; i++) {
        snprintf(path, sizeof(path), "data/n%u", i);
        next_is(&watch, path);
    }
    assert_int_equal(xs_write(XS_TX_NONE, "data/own", "x", 1), 0);
    next_is(&watch, "data/own");
    assert_int_equal(xs_watch_remove(&watch), 0);
    assert_int_equal(fake_xs_watches(), 0);
    assert_int_equal(xs_watch_remove(&watch), 0);
}

static void absolute_and_special_paths(void **state)
{
    struct xs_watch home = {0}, special = {0};

    assert_int_equal(xs_watch_add(&home, "/local/domain/7/data"), 0);
    assert_int_equal(xs_watch_add(&special, "@releaseDomain"), 0);
    next_is(&home, "/local/domain/7/data");
    next_is(&special, "@releaseDomain");
    fake_xs_rm("/local/domain/7");
    next_is(&home, "/local/domain/7/data");
    xs_watch_remove(&home);
    xs_watch_remove(&special);
}

/* Also across watches, since all callbacks hang on one queue. */
static void callbacks_in_order(void **state)
{
    struct xs_watch a = {.fn = note, .arg = "A:"}, b = {.fn = note, .arg = "B:"};

    assert_int_equal(xs_watch_add(&a, "data/a"), 0);
    assert_int_equal(xs_watch_add(&b, "data/b"), 0);
    settle();
    fake_xs_write(FAKE_XS_HOME "/data/b/1", "");
    fake_xs_write(FAKE_XS_HOME "/data/a/2", "");
    fake_xs_write(FAKE_XS_HOME "/data/b/3", "");
    settle();
    assert_string_equal(seen, "A:data/a B:data/b B:data/b/1 A:data/a/2 B:data/b/3 ");
    xs_watch_remove(&a);
    fake_xs_write(FAKE_XS_HOME "/data/a/4", "");
    fake_xs_write(FAKE_XS_HOME "/data/b/5", "");
    settle();
    assert_string_equal(strstr(seen, "data/b/3 "), "data/b/3 B:data/b/5 ");
    xs_watch_remove(&b);
}

static char *read_in_callback;

static void reads_what_changed(struct xs_watch *watch, const char *path)
{
    heap_free(read_in_callback);
    read_in_callback = NULL;
    (void)xs_read(XS_TX_NONE, path, &read_in_callback, NULL);
}

static void callback_may_use_xenstore(void **state)
{
    struct xs_watch watch = {.fn = reads_what_changed};

    assert_int_equal(xs_watch_add(&watch, "data/v"), 0);
    settle();
    assert_null(read_in_callback);
    fake_xs_write(FAKE_XS_HOME "/data/v", "42");
    settle();
    assert_string_equal(read_in_callback, "42");
    heap_free(read_in_callback);
    xs_watch_remove(&watch);
}

/* ---- Removal -------------------------------------------------------------------------------------------- */

static void removes_itself(struct xs_watch *watch, const char *path)
{
    if (strcmp(path, "data/end") == 0) {
        note(watch, path);
        (void)xs_watch_remove(watch);
        /* The path stays readable until we return; the watch's memory is the owner's. */
        snprintf(seen + strlen(seen), 64, "%s", path);
        memset(watch, 0xee, sizeof(*watch));
        heap_free(watch);
    }
}

static void removal_from_own_callback(void **state)
{
    struct xs_watch *watch = heap_zalloc(1, sizeof(*watch));

    watch->fn = removes_itself;
    watch->arg = "";
    assert_int_equal(xs_watch_add(watch, "data"), 0);
    settle();
    fake_xs_write(FAKE_XS_HOME "/data/end", "");
    fake_xs_write(FAKE_XS_HOME "/data/later", "");
    settle();
    assert_string_equal(seen, "data/end data/end");
    assert_int_equal(fake_xs_watches(), 0);
}

static void removes_itself_at_resync(struct xs_watch *watch, const char *path)
{
    if (watch->overflow) {
        (void)xs_watch_remove(watch);
        snprintf(seen, sizeof(seen), "%s", path);
        memset(watch, 0xee, sizeof(*watch));
        heap_free(watch);
    }
}

static void removal_from_own_callback_after_loss(void **state)
{
    struct xs_watch *watch = heap_zalloc(1, sizeof(*watch));

    watch->fn = removes_itself_at_resync;
    assert_int_equal(xs_watch_add(watch, "data"), 0);
    for (unsigned int i = 0; i < 2000; i++) {
        fake_xs_write(FAKE_XS_HOME "/data/flood", "");
    }
    settle();
    fake_fail_always();
    fake_xs_write(FAKE_XS_HOME "/data/flood", "");
    settle();
    fake_fail_after(0);
    settle();
    assert_string_equal(seen, "data");
}

static bool callback_inside, callback_left;

static void blocks_for_long(struct xs_watch *watch, const char *path)
{
    if (strcmp(path, "data/slow") == 0) {
        callback_inside = true;
        thread_sleep_ns(5000);
        callback_left = true;
    }
}

static void removal_waits_for_the_callback(void **state)
{
    struct xs_watch watch = {.fn = blocks_for_long};

    callback_inside = callback_left = false;
    assert_int_equal(xs_watch_add(&watch, "data"), 0);
    settle();
    fake_xs_write(FAKE_XS_HOME "/data/slow", "");
    fake_xs_write(FAKE_XS_HOME "/data/queued", "");
    settle();
    assert_true(callback_inside);
    assert_false(callback_left);
    assert_int_equal(xs_watch_remove(&watch), 0);
    assert_true(callback_left);
    memset(&watch, 0xee, sizeof(watch));
    settle();
}

static int reader_result;

static void reader_main(void *arg)
{
    char *path;

    do {
        reader_result = xs_watch_next(arg, &path, TIME_FOREVER);
        if (reader_result == 0) {
            heap_free(path);
        }
    } while (reader_result == 0);
}

static void removal_wakes_the_reader(void **state)
{
    struct xs_watch *watch = heap_zalloc(1, sizeof(*watch));
    struct thread *thread;

    assert_int_equal(xs_watch_add(watch, "data"), 0);
    assert_int_equal(thread_create(&thread, "reader", reader_main, watch, 0), 0);
    settle();
    assert_int_equal(xs_watch_remove(watch), 0);
    heap_free(watch);
    assert_int_equal(thread_join(thread), 0);
    assert_int_equal(reader_result, -ECANCELED);
}

/* ---- Bounds --------------------------------------------------------------------------------------------- */

static void flood_is_bounded(void **state)
{
    struct xs_watch watch = {0};
    struct xs_stats before, after;
    unsigned int events = 0;
    size_t blocks;
    char *path;

    assert_int_equal(xs_watch_add(&watch, "data"), 0);
    next_is(&watch, "data");
    xs_get_stats(&before);
    for (unsigned int i = 0; i < 20000; i++) {
        fake_xs_write(FAKE_XS_HOME "/data/a-node-with-a-rather-long-name", "");
    }
    /* Somebody else's request has the flood taken in. */
    assert_int_equal(xs_write(XS_TX_NONE, "data/x", "", 0), 0);
    xs_get_stats(&after);
    blocks = fake_heap_blocks - blocks_before;
    assert_in_range(blocks, 10, XS_WATCH_QUEUE_BYTES / 50);
    assert_true(after.events_lost - before.events_lost > 19000);
    do {
        assert_int_equal(xs_watch_next(&watch, &path, fake_now_ns + 1000), 0);
        events++;
        if (watch.overflow) {
            assert_string_equal(path, "data");
        }
        heap_free(path);
    } while (!watch.overflow);
    assert_int_equal(events, blocks - 1 + 1);
    nothing_next(&watch);
    assert_false(watch.overflow);
    fake_xs_write(FAKE_XS_HOME "/data/after", "");
    next_is(&watch, "data/after");
    xs_watch_remove(&watch);
}

static void longest_path_fits(void **state)
{
    struct xs_watch watch = {0};
    char path[3900] = "data/";

    memset(path + 5, 'p', sizeof(path) - 6);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(xs_watch_add(&watch, "data"), 0);
    next_is(&watch, "data");
    fake_xs_emit_event(path, fake_xs_last_token());
    next_is(&watch, path);
    xs_watch_remove(&watch);
}

static void no_memory_for_an_event(void **state)
{
    struct xs_watch watch = {0};
    char *path;

    assert_int_equal(xs_watch_add(&watch, "data"), 0);
    next_is(&watch, "data");
    fake_xs_write(FAKE_XS_HOME "/data/lost", "");
    fake_fail_always();
    assert_int_equal(xs_watch_next(&watch, &path, fake_now_ns + 1000), -ENOMEM);
    fake_fail_after(0);
    assert_int_equal(xs_watch_next(&watch, &path, fake_now_ns + 1000), 0);
    assert_true(watch.overflow);
    assert_string_equal(path, "data");
    heap_free(path);
    xs_watch_remove(&watch);
    for (unsigned int n = 1; n <= 3; n++) {
        int rc;

        fake_fail_after(n);
        rc = xs_watch_add(&watch, "data");
        assert_true(rc == 0 || rc == -ENOMEM);
        fake_fail_after(0);
        if (rc == 0) {
            xs_watch_remove(&watch);
        }
    }
}

/* ---- Strangers ------------------------------------------------------------------------------------------ */

static void emit_raw_event(const char *body, size_t len)
{
    struct xsd_sockmsg hdr = {XS_WATCH_EVENT, 0, 0, (uint32_t)len};

    fake_xs_emit(&hdr, sizeof(hdr));
    fake_xs_emit(body, len);
}

static void strange_events_are_dropped(void **state)
{
    struct xs_watch watch = {0}, other = {0};
    struct xs_stats before, after;
    char token[64], body[128];
    size_t len;

    assert_int_equal(xs_watch_add(&watch, "data"), 0);
    next_is(&watch, "data");
    snprintf(token, sizeof(token), "%s", fake_xs_last_token());
    assert_int_equal(xs_watch_add(&other, "control"), 0);
    next_is(&other, "control");
    xs_get_stats(&before);
    fake_xs_emit_event("data/x", "no token");
    fake_xs_emit_event("data/x", "ffffffff");
    fake_xs_emit_event("data/x", "");
    fake_xs_emit_event("data/x", "0000000000000001");
    fake_xs_emit_event("name", token); /* not below the watch */
    fake_xs_emit_event("database", token);
    fake_xs_emit_event("", token);
    emit_raw_event("", 0);
    emit_raw_event("data/x", 6);
    emit_raw_event("data/x", 7);
    len = (size_t)snprintf(body, sizeof(body), "data/x%c%s%cmore", 0, token, 0);
    emit_raw_event(body, len);
    emit_raw_event(body, len + 1);
    emit_raw_event(body, 7 + strlen(token)); /* token without its NUL */
    nothing_next(&watch);
    nothing_next(&other);
    xs_get_stats(&after);
    assert_int_equal(after.events_unknown - before.events_unknown, 4);
    assert_int_equal(after.events_malformed - before.events_malformed, 9);
    fake_xs_emit_event("data/x", token);
    next_is(&watch, "data/x");
    xs_watch_remove(&watch);
    /* The token of a watch that is gone finds nobody, not the one that came after. */
    assert_int_equal(xs_watch_add(&watch, "data"), 0);
    next_is(&watch, "data");
    fake_xs_emit_event("data/y", token);
    nothing_next(&watch);
    xs_watch_remove(&watch);
    xs_watch_remove(&other);
}

static void connection_lost(void **state)
{
    struct xs_watch watch = {0};
    char *path;

    assert_int_equal(xs_watch_add(&watch, "data"), 0);
    fake_xs_write(FAKE_XS_HOME "/data/x", "");
    settle();
    assert_int_equal(xs_write(XS_TX_NONE, "name", "", 0), -EACCES);
    fake_xs.page->rsp_prod += 5000;
    fake_xs_raise();
    next_is(&watch, "data");
    next_is(&watch, "data/x");
    assert_int_equal(xs_watch_next(&watch, &path, TIME_FOREVER), -EPROTO);
    assert_int_equal(xs_watch_remove(&watch), -EPROTO);
    assert_int_equal(xs_watch_add(&watch, "data"), -EPROTO);
}

/* A watch belongs to its connection; one that is made anew knows nothing of it. */
static void new_connection(void **state)
{
    struct xs_watch *watch = heap_zalloc(1, sizeof(*watch));
    struct thread *thread;

    assert_int_equal(xs_watch_add(watch, "data"), 0);
    assert_int_equal(thread_create(&thread, "reader", reader_main, watch, 0), 0);
    settle();
    xs_conn_forget();
    assert_int_equal(thread_join(thread), 0);
    assert_int_equal(reader_result, -ESHUTDOWN);
    assert_int_equal(xs_watch_remove(watch), -ESHUTDOWN);
    assert_int_equal(xs_watch_add(watch, "data"), 0);
    next_is(watch, "data");
    assert_int_equal(xs_watch_remove(watch), 0);
    heap_free(watch);
}

/* ---- Many at once --------------------------------------------------------------------------------------- */

static struct xs_watch many[40];
static unsigned int many_events[40];

static void count_event(struct xs_watch *watch, const char *path)
{
    many_events[watch - many]++;
}

static void churn_main(void *arg)
{
    size_t self = (size_t)(uintptr_t)arg;
    char path[32];

    snprintf(path, sizeof(path), "data/w%zu", self);
    for (unsigned int round = 0; round < 20; round++) {
        many[self].fn = count_event;
        if (xs_watch_add(&many[self], path) != 0) {
            return;
        }
        (void)xs_printf(XS_TX_NONE, path, "%u", round);
        (void)xs_watch_remove(&many[self]);
        memset(&many[self], 0xee, sizeof(many[self]));
    }
    many_events[self] += 1000;
}

static void watches_come_and_go_in_many_threads(void **state)
{
    struct thread *threads[40];

    memset(many_events, 0, sizeof(many_events));
    fake_xs.chunk = 100;
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(thread_create(&threads[i], "churn", churn_main, (void *)i, 0), 0);
    }
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(thread_join(threads[i]), 0);
        assert_in_range(many_events[i], 1000, 1040);
    }
    assert_int_equal(fake_xs_watches(), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_watch, teardown)
    const struct CMUnitTest tests[] = {
        TEST(events_in_order),
        TEST(absolute_and_special_paths),
        /* The watch thread is made by the first of these and stays. */
        cmocka_unit_test_setup(callbacks_in_order, setup),
        TEST(callbacks_in_order),
        TEST(callback_may_use_xenstore),
        TEST(removal_from_own_callback),
        TEST(removal_from_own_callback_after_loss),
        TEST(removal_waits_for_the_callback),
        TEST(removal_wakes_the_reader),
        TEST(flood_is_bounded),
        TEST(longest_path_fits),
        TEST(no_memory_for_an_event),
        TEST(strange_events_are_dropped),
        TEST(connection_lost),
        TEST(new_connection),
        TEST(watches_come_and_go_in_many_threads),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
