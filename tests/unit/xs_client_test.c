// SPDX-License-Identifier: MIT
/*
 * Claims about requests: each does what it says against a daemon that behaves, with messages split anywhere, from many threads,
 * and without memory the stream stays in step.
 */
#include "xs_fixture.h"

static void assert_reads(const char *path, const char *expected)
{
    char *value;
    size_t len;

    assert_int_equal(xs_read(XS_TX_NONE, path, &value, &len), 0);
    assert_string_equal(value, expected);
    assert_int_equal(len, strlen(expected));
    heap_free(value);
}

static void read_write(void **state)
{
    char *value;

    assert_reads("domid", "7");
    assert_reads("/local/domain/7/name", "guest");
    assert_int_equal(xs_write(XS_TX_NONE, "data/x", "hello", 5), 0);
    assert_string_equal(fake_xs_read("/local/domain/7/data/x"), "hello");
    assert_reads("data/x", "hello");
    assert_int_equal(xs_write(XS_TX_NONE, "data/x", "", 0), 0);
    assert_reads("data/x", "");
    assert_int_equal(xs_read(XS_TX_NONE, "data/none", &value, NULL), -ENOENT);
    assert_int_equal(xs_write(XS_TX_NONE, "domid", "8", 1), -EACCES);
    assert_int_equal(xs_read(XS_TX_NONE, "data//x", &value, NULL), -EINVAL);
    assert_int_equal(xs_domid(), 7);
    assert_int_equal(xs_domid(), 7);
}

static void printf_and_numbers(void **state)
{
    char longer[301];
    uint64_t value;

    memset(longer, 'x', 300);
    longer[300] = '\0';
    assert_int_equal(xs_printf(XS_TX_NONE, "data/n", "%u", 4294967295u), 0);
    assert_int_equal(xs_read_u64(XS_TX_NONE, "data/n", &value), 0);
    assert_int_equal(value, 4294967295u);
    assert_int_equal(xs_printf(XS_TX_NONE, "data/long", "%s!", longer), 0);
    assert_int_equal(strlen(fake_xs_read("/local/domain/7/data/long")), 301);
    assert_int_equal(xs_printf(XS_TX_NONE, "data/n", "%s", "12x"), 0);
    assert_int_equal(xs_read_u64(XS_TX_NONE, "data/n", &value), -EINVAL);
}

static void binary_values(void **state)
{
    static const char bytes[] = {'a', 0, '\xff', 0, 'b'};
    char *value;
    size_t len;

    assert_int_equal(xs_write(XS_TX_NONE, "data/b", bytes, sizeof(bytes)), 0);
    assert_int_equal(xs_read(XS_TX_NONE, "data/b", &value, &len), 0);
    assert_int_equal(len, sizeof(bytes));
    assert_memory_equal(value, bytes, sizeof(bytes));
    assert_int_equal(value[len], 0);
    heap_free(value);
}

static void make_remove_list(void **state)
{
    char **names;
    size_t nr;

    assert_int_equal(xs_directory(XS_TX_NONE, "data", &names, &nr), 0);
    assert_int_equal(nr, 0);
    heap_free(names);
    assert_int_equal(xs_mkdir(XS_TX_NONE, "data/dir/a"), 0);
    assert_int_equal(xs_mkdir(XS_TX_NONE, "data/dir/b"), 0);
    assert_int_equal(xs_directory(XS_TX_NONE, "data/dir", &names, &nr), 0);
    assert_int_equal(nr, 2);
    assert_string_equal(names[0], "a");
    assert_string_equal(names[1], "b");
    heap_free(names);
    assert_int_equal(xs_rm(XS_TX_NONE, "data/dir"), 0);
    assert_int_equal(xs_directory(XS_TX_NONE, "data/dir", &names, &nr), -ENOENT);
    assert_int_equal(xs_rm(XS_TX_NONE, "data/dir/a"), -ENOENT);
}

static void large_directory(void **state)
{
    char **names, path[64];
    size_t nr;

    for (unsigned int i = 0; i < 1000; i++) {
        snprintf(path, sizeof(path), FAKE_XS_HOME "/data/big/child-number-%04u", i);
        fake_xs_write(path, "");
    }
    assert_int_equal(xs_directory(XS_TX_NONE, "data/big", &names, &nr), 0);
    assert_int_equal(nr, 1000);
    for (unsigned int i = 0; i < 1000; i++) {
        snprintf(path, sizeof(path), "child-number-%04u", i);
        assert_string_equal(names[i], path);
    }
    heap_free(names);
}

static unsigned int parts_served;

/* Somebody adds a child between the first part and the second, once. */
static void spy_changes_directory(const struct xsd_sockmsg *hdr, const char *body)
{
    if (hdr->type == XS_DIRECTORY_PART && ++parts_served == 2) {
        fake_xs_write(FAKE_XS_HOME "/data/big/aaa", "");
    }
}

/* Somebody adds a child before every part but the first of each try. */
static void spy_changes_directory_always(const struct xsd_sockmsg *hdr, const char *body)
{
    char path[64];

    if (hdr->type == XS_DIRECTORY_PART) {
        snprintf(path, sizeof(path), FAKE_XS_HOME "/data/big/x%u", ++parts_served);
        fake_xs_write(path, "");
    }
}

static void directory_that_changes_is_read_again(void **state)
{
    char **names, path[64];
    size_t nr;

    for (unsigned int i = 0; i < 400; i++) {
        snprintf(path, sizeof(path), FAKE_XS_HOME "/data/big/child-number-%04u", i);
        fake_xs_write(path, "");
    }
    parts_served = 0;
    fake_xs.spy = spy_changes_directory;
    assert_int_equal(xs_directory(XS_TX_NONE, "data/big", &names, &nr), 0);
    assert_int_equal(nr, 401);
    assert_string_equal(names[0], "aaa");
    heap_free(names);
    fake_xs.spy = spy_changes_directory_always;
    assert_int_equal(xs_directory(XS_TX_NONE, "data/big", &names, &nr), -EAGAIN);
}

static void permissions(void **state)
{
    static const struct xs_perm want[] = {{'n', 7}, {'r', 3}, {'b', 4}};
    struct xs_perm *perms;
    size_t nr;

    assert_int_equal(xs_get_permissions(XS_TX_NONE, "name", &perms, &nr), 0);
    assert_int_equal(nr, 2);
    assert_int_equal(perms[0].access, 'n');
    assert_int_equal(perms[1].domid, 7);
    heap_free(perms);
    assert_int_equal(xs_mkdir(XS_TX_NONE, "data/p"), 0);
    assert_int_equal(xs_set_permissions(XS_TX_NONE, "data/p", want, 3), 0);
    assert_int_equal(xs_get_permissions(XS_TX_NONE, "data/p", &perms, &nr), 0);
    assert_int_equal(nr, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(perms[i].access, want[i].access);
        assert_int_equal(perms[i].domid, want[i].domid);
    }
    heap_free(perms);
    assert_int_equal(xs_set_permissions(XS_TX_NONE, "data/p", want, 0), -EINVAL);
    assert_int_equal(xs_set_permissions(XS_TX_NONE, "name", want, 3), -EACCES);
}

static void payload_limits(void **state)
{
    static char value[XENSTORE_PAYLOAD_MAX];
    const size_t room = XENSTORE_PAYLOAD_MAX - sizeof("data/x");
    char *back;
    size_t len;

    for (size_t i = 0; i < sizeof(value); i++) {
        value[i] = (char)('a' + i % 26);
    }
    assert_int_equal(xs_write(XS_TX_NONE, "data/x", value, room), 0);
    assert_int_equal(xs_read(XS_TX_NONE, "data/x", &back, &len), 0);
    assert_int_equal(len, room);
    assert_memory_equal(back, value, room);
    heap_free(back);
    assert_int_equal(xs_write(XS_TX_NONE, "data/x", value, room + 1), -E2BIG);
    assert_int_equal(xs_write(XS_TX_NONE, "data/x", value, SIZE_MAX), -E2BIG);
    fake_xs_write(FAKE_XS_HOME "/data/full", "");
    assert_reads("name", "guest");
}

/* Every message is cut at every boundary, header included. */
static void any_chunk_size(void **state)
{
    char *back;
    size_t len;

    for (size_t chunk = 1; chunk <= 40; chunk++) {
        fake_xs.chunk = chunk;
        fake_xs.eager = chunk & 1;
        assert_int_equal(xs_printf(XS_TX_NONE, "data/c", "%0*zu", (int)chunk * 7, chunk), 0);
        assert_int_equal(xs_read(XS_TX_NONE, "data/c", &back, &len), 0);
        assert_int_equal(len, chunk * 7);
        heap_free(back);
    }
}

static void domains(void **state)
{
    char *path;

    assert_int_equal(xs_get_domain_path(12, &path), 0);
    assert_string_equal(path, "/local/domain/12");
    heap_free(path);
    assert_int_equal(xs_is_introduced(0), 1);
    assert_int_equal(xs_is_introduced(99), 0);
    assert_int_equal(xs_introduce(99, 1, 1), -EACCES);
    assert_int_equal(xs_release(99), -EACCES);
}

/* ---- Transactions --------------------------------------------------------------------------------------- */

static unsigned int body_runs;

static int body_increment(uint32_t tx, void *arg)
{
    uint64_t value;
    int rc = xs_read_u64(tx, "data/count", &value);

    body_runs++;
    if (rc != 0) {
        return rc;
    }
    if (body_runs == 1 && arg != NULL) {
        fake_xs_write(FAKE_XS_HOME "/data/count", "41");
    }
    return xs_printf(tx, "data/count", "%llu", (unsigned long long)value + 1);
}

static void transaction_retries_on_conflict(void **state)
{
    fake_xs_write(FAKE_XS_HOME "/data/count", "1");
    body_runs = 0;
    assert_int_equal(xs_transaction(body_increment, NULL), 0);
    assert_int_equal(body_runs, 1);
    assert_string_equal(fake_xs_read(FAKE_XS_HOME "/data/count"), "2");
    body_runs = 0;
    assert_int_equal(xs_transaction(body_increment, "conflict"), 0);
    assert_int_equal(body_runs, 2);
    assert_string_equal(fake_xs_read(FAKE_XS_HOME "/data/count"), "42");
    fake_xs.conflicts = 1000;
    body_runs = 0;
    assert_int_equal(xs_transaction(body_increment, NULL), -EAGAIN);
    assert_int_equal(body_runs, XS_TRANSACTION_TRIES);
}

static int body_fails(uint32_t tx, void *arg)
{
    assert_int_equal(xs_write(tx, "data/t", "x", 1), 0);
    return -ENODEV;
}

static void transaction_aborts(void **state)
{
    uint32_t tx;

    assert_int_equal(xs_transaction(body_fails, NULL), -ENODEV);
    assert_null(fake_xs_read(FAKE_XS_HOME "/data/t"));
    assert_int_equal(xs_transaction_start(&tx), 0);
    assert_int_equal(xs_write(tx, "data/t", "x", 1), 0);
    assert_null(fake_xs_read(FAKE_XS_HOME "/data/t"));
    assert_int_equal(xs_transaction_end(tx, true), 0);
    assert_string_equal(fake_xs_read(FAKE_XS_HOME "/data/t"), "x");
    assert_int_equal(xs_transaction_end(tx, true), -ENOENT);
}

/* ---- Many threads --------------------------------------------------------------------------------------- */

#define NR_THREADS 60

static unsigned int rounds_right;

/* No assertion of cmocka here: it would jump to another thread's stack. */
static void thread_main(void *arg)
{
    unsigned int id = (unsigned int)(uintptr_t)arg;
    char path[32], *value;
    size_t len;

    snprintf(path, sizeof(path), "data/t%u", id);
    for (unsigned int round = 0; round < 20; round++) {
        if (xs_printf(XS_TX_NONE, path, "%0*u", (int)(id * 30 + 1), round) != 0 ||
            xs_read(XS_TX_NONE, path, &value, &len) != 0) {
            return;
        }
        rounds_right += len >= id * 30 + 1 && strtoul(value, NULL, 10) == round;
        heap_free(value);
    }
}

static void many_threads(void **state)
{
    struct thread *threads[NR_THREADS];

    rounds_right = 0;
    fake_xs.chunk = *(const size_t *)*state;
    for (size_t i = 0; i < NR_THREADS; i++) {
        assert_int_equal(thread_create(&threads[i], "client", thread_main, (void *)i, 0), 0);
    }
    for (size_t i = 0; i < NR_THREADS; i++) {
        assert_int_equal(thread_join(threads[i]), 0);
    }
    assert_int_equal(rounds_right, 20 * NR_THREADS);
}

/* ---- Trouble -------------------------------------------------------------------------------------------- */

static void deadline_passes(void **state)
{
    uint64_t start;

    assert_reads("domid", "7");
    fake_xs.mute = true;
    start = fake_now_ns;
    assert_int_equal(xs_write_until(XS_TX_NONE, "data/x", "1", 1, fake_now_ns + 3000), -ETIMEDOUT);
    assert_int_equal(fake_now_ns - start, 3000);
    /* The daemon was only slow: the next request is answered. */
    fake_xs.mute = false;
    assert_reads("data/x", "1");
}

/* More often than there are slots: each is free again once its answer has come, however late. */
static void late_answers_are_absorbed(void **state)
{
    assert_reads("domid", "7");
    for (unsigned int i = 0; i < 2 * XS_MAX_REQUESTS; i++) {
        fake_xs.asleep = true;
        assert_int_equal(xs_write_until(XS_TX_NONE, "data/x", "1", 1, fake_now_ns + 100), -ETIMEDOUT);
        fake_xs.asleep = false;
        fake_xs_kick();
        assert_reads("domid", "7");
    }
}

static void deadline_with_full_ring(void **state)
{
    static char value[3000];

    assert_reads("domid", "7");
    fake_xs.asleep = true;
    assert_int_equal(xs_write_until(XS_TX_NONE, "data/x", value, sizeof(value), fake_now_ns + 3000),
                     -ETIMEDOUT);
    assert_int_equal(xs_write(XS_TX_NONE, "data/x", "1", 1), -ETIMEDOUT);
}

/* The n-th allocation fails, for every n: an error comes back, nothing leaks, the next request works. */
static void out_of_memory(void **state)
{
    struct xs_perm *perms;
    char **names, *value;
    uint64_t number;
    size_t nr, failed = 0;

    assert_reads("domid", "7");
    for (unsigned int n = 1; n <= 3; n++) {
        for (unsigned int what = 0; what < 5; what++) {
            int rc;

            fake_fail_after(n);
            if (what == 0 && (rc = xs_read(XS_TX_NONE, "name", &value, NULL)) == 0) {
                heap_free(value);
            } else if (what == 1 && (rc = xs_directory(XS_TX_NONE, "control", &names, &nr)) == 0) {
                heap_free(names);
            } else if (what == 2 && (rc = xs_get_permissions(XS_TX_NONE, "name", &perms, &nr)) == 0) {
                heap_free(perms);
            } else if (what == 3) {
                rc = xs_read_u64(XS_TX_NONE, "domid", &number);
            } else if (what == 4) {
                rc = xs_set_permissions(XS_TX_NONE, "data", (struct xs_perm[]){{'n', 7}}, 1);
            }
            assert_true(rc == 0 || (rc == -ENOMEM && what != 3)); /* a number needs none */
            failed += rc != 0;
            fake_fail_after(0);
            assert_reads("domid", "7");
        }
    }
    assert_true(failed >= 5);
}

static void waits_for_reconnection(void **state)
{
    fake_xs.page->connection = XENSTORE_RECONNECT;
    assert_int_equal(xs_write_until(XS_TX_NONE, "data/x", "1", 1, fake_now_ns + 100), -ETIMEDOUT);
    fake_xs.page->connection = XENSTORE_CONNECTED;
    fake_xs.page->req_prod = fake_xs.page->req_cons = fake_xs.page->rsp_prod = fake_xs.page->rsp_cons = 0;
    assert_reads("domid", "7");
}

static void no_xenstore(void **state)
{
    /* Before anything else has adopted the port: first in the list. */
    char *value;

    assert_int_equal(xs_read(XS_TX_NONE, "domid", &value, NULL), -ENOTCONN);
}

static void few_notifications(void **state)
{
    struct xs_stats before, after;

    assert_reads("domid", "7");
    xs_get_stats(&before);
    for (unsigned int i = 0; i < 100; i++) {
        assert_reads("domid", "7");
    }
    xs_get_stats(&after);
    assert_int_equal(after.requests - before.requests, 100);
    assert_int_equal(after.notifications - before.notifications, 100);
}

int main(void)
{
    static size_t whole = 0, odd = 13;
    struct CMUnitTest threads_whole =
        cmocka_unit_test_prestate_setup_teardown(many_threads, setup, teardown, &whole);
    struct CMUnitTest threads_split =
        cmocka_unit_test_prestate_setup_teardown(many_threads, setup, teardown, &odd);
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_xenstore),
        TEST(read_write),
        TEST(printf_and_numbers),
        TEST(binary_values),
        TEST(make_remove_list),
        TEST(large_directory),
        TEST(directory_that_changes_is_read_again),
        TEST(permissions),
        TEST(payload_limits),
        TEST(any_chunk_size),
        TEST(domains),
        TEST(transaction_retries_on_conflict),
        TEST(transaction_aborts),
        threads_whole,
        threads_split,
        TEST(deadline_passes),
        TEST(late_answers_are_absorbed),
        TEST(deadline_with_full_ring),
        TEST(out_of_memory),
        TEST(waits_for_reconnection),
        TEST(few_notifications),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
