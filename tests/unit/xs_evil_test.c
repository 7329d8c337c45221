// SPDX-License-Identifier: MIT
/*
 * Claim: whatever a daemon sends or writes into the page, every caller comes back with a value that its function allows, nothing is
 * corrupted or leaked, and a new connection works. Each run is a seeded mix of honest service and malice.
 */
#include "../../xenbus/xs_priv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fake.h>
#include <fake_xenstored.h>

#include <xenolith/heap.h>
#include <xenolith/sched.h>

#define NR_CLIENTS 6
#define NR_RUNS    60

static unsigned int malice; /* one message in so many is tampered with; 0: none */
static bool deadly;         /* also in ways that must end the connection */
static size_t blocks_before;

/* ---- The daemon's tricks -------------------------------------------------------------------------------- */

static void lie_about_indices(void)
{
    uint32_t r = (uint32_t)fake_random();

    switch (r % 4) {
    case 0:
        fake_xs.page->rsp_prod += r >> 8;
        break;
    case 1:
        fake_xs.page->rsp_prod -= (r >> 8) % 2000;
        break;
    case 2:
        fake_xs.page->req_cons += r >> 8;
        break;
    default:
        fake_xs.page->req_cons -= (r >> 8) % 2000;
        break;
    }
}

/* Events for a watch that there is, or for none. */
static void flood(void)
{
    char body[64] = "data/x";
    struct xsd_sockmsg hdr = {XS_WATCH_EVENT, 0, 0, 16};

    snprintf(body + 7, sizeof(body) - 7, "%s", fake_xs_watches() != 0 ? fake_xs_last_token() : "00000001");
    for (uint64_t i = fake_random_below(3000); i > 0; i--) {
        fake_xs_emit(&hdr, sizeof(hdr));
        fake_xs_emit(body, hdr.len);
    }
}

static void garbage(void)
{
    for (uint64_t i = fake_random_below(60); i > 0; i--) {
        uint64_t word = fake_random();

        fake_xs_emit(&word, sizeof(word));
    }
}

static bool tamper(struct xsd_sockmsg *hdr, char *body)
{
    if (malice == 0 || fake_random_below(malice) != 0) {
        return true;
    }
    switch (fake_random_below(deadly ? 14 : 7)) {
    case 0:
        hdr->type = (uint32_t)fake_random_below(30);
        break;
    case 1:
        hdr->type = (uint32_t)fake_random();
        break;
    case 2:
        hdr->len = (uint32_t)fake_random_below(XENSTORE_PAYLOAD_MAX + 1);
        memset(body, (int)fake_random(), XENSTORE_PAYLOAD_MAX);
        break;
    case 3:
        hdr->len -= hdr->len != 0;
        break;
    case 4:
        if (hdr->len != 0) {
            body[fake_random_below(hdr->len)] = (char)fake_random();
        }
        break;
    case 5:
        flood();
        break;
    case 6:
        /* Swallowed, but not often: its request waits for ever. */
        return fake_random_below(8) != 0;
    case 7:
        hdr->req_id = (uint32_t)fake_random();
        break;
    case 8:
        hdr->req_id += XS_MAX_REQUESTS;
        break;
    case 9:
        hdr->req_id ^= 1;
        break;
    case 10:
        hdr->len = (uint32_t)fake_random();
        break;
    case 11:
        lie_about_indices();
        break;
    case 12:
        garbage();
        break;
    default:
        /* The same answer twice. */
        fake_xs_emit(hdr, sizeof(*hdr));
        fake_xs_emit(body, hdr->len);
        break;
    }
    return true;
}

/* ---- The clients ---------------------------------------------------------------------------------------- */

static unsigned int wrong; /* results that no function may give */

/* Everybody gives up in the end: the connection is forgotten under them by main. */
static void judge(int rc)
{
    static const int allowed[] = {0,          -ENOENT,     -EACCES,    -EINVAL, -EEXIST, -E2BIG,  -ENOSPC,
                                  -EAGAIN,    -EPROTO,     -ENOMEM,    -EISDIR, -EIO,    -ENOSYS, -EROFS,
                                  -ENOTEMPTY, -ECONNRESET, -ESHUTDOWN, -EBUSY,  -EPERM,  -EISCONN};

    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        if (rc == allowed[i]) {
            return;
        }
    }
    fprintf(stderr, "result %d\n", rc);
    wrong++;
}

static int body_writes(uint32_t tx, void *arg)
{
    uint64_t value;
    int rc = xs_read_u64(tx, "domid", &value);

    return rc != 0 ? rc : xs_write(tx, "data/tx", "1", 1);
}

static void one_request(void)
{
    struct xs_perm *perms;
    char **names, *text;
    uint64_t number;
    size_t nr;
    int rc;

    switch (fake_random_below(10)) {
    case 0:
        rc = xs_read(XS_TX_NONE, "name", &text, &nr);
        if (rc == 0) {
            wrong += text[nr] != '\0';
            heap_free(text);
        }
        break;
    case 1:
        rc = xs_directory(XS_TX_NONE, "control", &names, &nr);
        if (rc == 0) {
            for (size_t i = 0; i < nr; i++) {
                wrong += strlen(names[i]) == 0;
            }
            heap_free(names);
        }
        break;
    case 2:
        rc = xs_get_permissions(XS_TX_NONE, "name", &perms, &nr);
        if (rc == 0) {
            for (size_t i = 0; i < nr; i++) {
                wrong += strchr("nrwb", perms[i].access) == NULL;
            }
            heap_free(perms);
        }
        break;
    case 3:
        rc = xs_read_u64(XS_TX_NONE, "domid", &number);
        break;
    case 4:
        rc = xs_transaction(body_writes, NULL);
        break;
    case 5:
        rc = xs_get_domain_path(3, &text);
        if (rc == 0) {
            wrong += text[0] != '/';
            heap_free(text);
        }
        break;
    case 6:
        rc = xs_is_introduced(7);
        rc = rc == 1 ? 0 : rc;
        break;
    case 7:
        rc = xs_directory(XS_TX_NONE, "data/big", &names, &nr);
        if (rc == 0) {
            heap_free(names);
        }
        break;
    case 8:
        rc = xs_printf(XS_TX_NONE, "data/p", "%0*u", (int)fake_random_below(2000), 5);
        break;
    default:
        rc = xs_mkdir(XS_TX_NONE, "data/dir");
        break;
    }
    judge(rc);
}

static unsigned int clients_left, events_handled;

static void client_main(void *arg)
{
    for (unsigned int i = 0; i < 20; i++) {
        one_request();
    }
    clients_left--;
}

static void on_event(struct xs_watch *watch, const char *path)
{
    events_handled++;
    wrong += strncmp(path, "data", 4) != 0;
    if (fake_random_below(4) == 0) {
        one_request();
    }
}

static void watcher_main(void *arg)
{
    for (unsigned int i = 0; i < 5; i++) {
        struct xs_watch watch = {.fn = fake_random_below(2) ? on_event : NULL};
        char *path;
        int rc = xs_watch_add(&watch, "data");

        judge(rc);
        if (rc != 0) {
            continue;
        }
        for (unsigned int n = 0; n < 10; n++) {
            if (watch.fn != NULL) {
                one_request();
                thread_sleep_ns(100);
                continue;
            }
            rc = xs_watch_next(&watch, &path, fake_now_ns + 100);
            if (rc == 0) {
                wrong += strncmp(path, "data", 4) != 0;
                heap_free(path);
            }
            judge(rc == -ETIMEDOUT ? 0 : rc);
        }
        judge(xs_watch_remove(&watch));
    }
    clients_left--;
}

static void fresh_start(void)
{
    char path[64];

    malice = 0;
    xs_conn_forget();
    fake_xs_start((uint32_t)fake_random());
    fake_xs.mangle = tamper;
    for (unsigned int i = 0; i < 300; i++) {
        snprintf(path, sizeof(path), FAKE_XS_HOME "/data/big/child-number-%04u", i);
        fake_xs_write(path, "");
    }
}

static void works_honestly(void)
{
    char *value;

    fresh_start();
    assert_int_equal(xs_read(XS_TX_NONE, "name", &value, NULL), 0);
    assert_string_equal(value, "guest");
    heap_free(value);
}

static void evil_daemon(void **state)
{
    struct xs_stats stats;

    for (unsigned int run = 0; run < NR_RUNS; run++) {
        struct thread *threads[NR_CLIENTS];

        works_honestly();
        blocks_before = fake_heap_blocks;
        malice = 2 + (unsigned int)fake_random_below(60);
        deadly = fake_random_below(2);
        fake_xs.chunk = fake_random_below(3) == 0 ? 1 + fake_random_below(100) : 0;
        fake_xs.eager = fake_random_below(2);
        clients_left = NR_CLIENTS;
        for (size_t i = 0; i < NR_CLIENTS; i++) {
            assert_int_equal(
                thread_create(&threads[i], "client", i < 4 ? client_main : watcher_main, NULL, 0), 0);
        }
        /* What no answer comes to waits for ever, as it may; then the connection is closed under it. */
        for (unsigned int i = 0; i < 200 && clients_left != 0; i++) {
            thread_sleep_ns(1000);
        }
        malice = 0;
        while (clients_left != 0) {
            xs_conn_forget();
            thread_sleep_ns(1000);
        }
        for (size_t i = 0; i < NR_CLIENTS; i++) {
            thread_join(threads[i]);
        }
        assert_int_equal(wrong, 0);
        /* The watch thread, made in the first runs, stays. */
        if (run > 20) {
            assert_int_equal(fake_heap_blocks, blocks_before);
        }
    }
    works_honestly();
    xs_get_stats(&stats);
    printf("%llu requests, %llu refused, %llu events (%llu unknown, %llu malformed, %llu lost), %u handled\n",
           (unsigned long long)stats.requests, (unsigned long long)stats.replies_refused,
           (unsigned long long)stats.events, (unsigned long long)stats.events_unknown,
           (unsigned long long)stats.events_malformed, (unsigned long long)stats.events_lost, events_handled);
    /* The malice did arrive. */
    assert_true(stats.replies_refused > 50 && stats.events_unknown > 100 && stats.events_lost > 100 &&
                events_handled > 100);
}

/* ---- Single tricks, each with its own verdict ------------------------------------------------------------ */

static uint32_t trick_type;
static const char *trick_body;
static size_t trick_len;

static bool answer_with(struct xsd_sockmsg *hdr, char *body)
{
    hdr->type = trick_type == XS_INVALID ? hdr->type : trick_type;
    memcpy(body, trick_body, trick_len);
    hdr->len = (uint32_t)trick_len;
    return true;
}

static void trick(uint32_t type, const char *body, size_t len)
{
    fake_xs.mangle = answer_with;
    trick_type = type;
    trick_body = body;
    trick_len = len;
}

/* A reply of the wrong kind is refused alone; the connection goes on. */
static void wrong_replies_fail_one_request(void **state)
{
    uint32_t tx;
    uint64_t number;
    char *text, **names;
    struct xs_perm *perms;
    size_t nr;

    works_honestly();
    trick(XS_READ, "OK", 3);
    assert_int_equal(xs_write(XS_TX_NONE, "data/x", "1", 1), -EPROTO);
    trick(XS_INVALID, "ok", 3);
    assert_int_equal(xs_write(XS_TX_NONE, "data/x", "1", 1), -EPROTO);
    trick(XS_ERROR, "ENONSENSE", 10);
    assert_int_equal(xs_read(XS_TX_NONE, "name", &text, NULL), -EPROTO);
    trick(XS_ERROR, "ENOENT", 6);
    assert_int_equal(xs_read(XS_TX_NONE, "name", &text, NULL), -EPROTO);
    trick(XS_INVALID, "a\0b", 3);
    assert_int_equal(xs_directory(XS_TX_NONE, "data", &names, &nr), -EPROTO);
    trick(XS_INVALID, "n7\0x1", 6);
    assert_int_equal(xs_get_permissions(XS_TX_NONE, "name", &perms, &nr), -EPROTO);
    trick(XS_INVALID, "", 0);
    assert_int_equal(xs_get_permissions(XS_TX_NONE, "name", &perms, &nr), -EPROTO);
    assert_int_equal(xs_get_domain_path(7, &text), -EPROTO);
    assert_int_equal(xs_transaction_start(&tx), -EPROTO);
    assert_int_equal(xs_is_introduced(7), -EPROTO);
    trick(XS_INVALID, "0", 2);
    assert_int_equal(xs_transaction_start(&tx), -EPROTO);
    trick(XS_INVALID, "4294967296", 11);
    assert_int_equal(xs_transaction_start(&tx), -EPROTO);
    trick(XS_INVALID, "T", 1);
    assert_int_equal(xs_is_introduced(7), -EPROTO);
    trick(XS_INVALID, " 7", 2);
    assert_int_equal(xs_read_u64(XS_TX_NONE, "domid", &number), -EINVAL);
    fake_xs.mangle = NULL;
    assert_int_equal(xs_write(XS_TX_NONE, "data/x", "1", 1), 0);
}

static void directory_parts_that_lie(void **state)
{
    char **names;
    size_t nr;

    works_honestly();
    /* The first reply says that all is too large, and so do, differently, the parts. */
    trick(XS_ERROR, "E2BIG", 6);
    assert_int_equal(xs_directory(XS_TX_NONE, "data", &names, &nr), -E2BIG);
    fake_xs.mangle = NULL;
    assert_int_equal(xs_directory(XS_TX_NONE, "data/big", &names, &nr), 0);
    assert_int_equal(nr, 300);
    heap_free(names);
}

static bool endless_parts(struct xsd_sockmsg *hdr, char *body)
{
    if (hdr->type == XS_DIRECTORY_PART) {
        memset(body, 'n', XENSTORE_PAYLOAD_MAX);
        memcpy(body, "1", 2);
        body[XENSTORE_PAYLOAD_MAX - 1] = '\0';
        hdr->len = XENSTORE_PAYLOAD_MAX;
    }
    return true;
}

static bool empty_parts(struct xsd_sockmsg *hdr, char *body)
{
    if (hdr->type == XS_DIRECTORY_PART) {
        memcpy(body, "1", 2);
        hdr->len = 2;
    }
    return true;
}

static void directory_without_end(void **state)
{
    char **names;
    size_t nr;

    works_honestly();
    fake_xs.mangle = endless_parts;
    assert_int_equal(xs_directory(XS_TX_NONE, "data/big", &names, &nr), -E2BIG);
    fake_xs.mangle = empty_parts;
    assert_int_equal(xs_directory(XS_TX_NONE, "data/big", &names, &nr), -EPROTO);
}

/* What breaks the stream itself closes the connection, for everybody and for good. */
static void broken_stream_closes(void **state)
{
    const struct xsd_sockmsg too_long = {XS_READ, 1, 0, XENSTORE_PAYLOAD_MAX + 1};
    const struct xsd_sockmsg unasked = {XS_READ, 0xdead0003, 0, 0};
    char *text;

    for (unsigned int what = 0; what < 4; what++) {
        int expected = -EPROTO;

        works_honestly();
        if (what == 0) {
            fake_xs_emit(&too_long, sizeof(too_long));
        } else if (what == 1) {
            fake_xs_emit(&unasked, sizeof(unasked));
        } else if (what == 2) {
            fake_xs.page->rsp_prod -= 1;
        } else {
            fake_xs.page->error = XENSTORE_ERROR_PROTO;
            expected = -ECONNRESET;
        }
        assert_int_equal(xs_read(XS_TX_NONE, "name", &text, NULL), expected);
        assert_true(fake_xs_port_masked());
        fake_xs_start(0);
        assert_int_equal(xs_read(XS_TX_NONE, "name", &text, NULL), expected);
    }
    works_honestly();
}

/* A loader that ran here before may have left answers and events behind; they do no harm. */
static void left_overs_of_a_loader(void **state)
{
    const struct xsd_sockmsg stale = {XS_READ, 0xdead0003, 0, 3};
    struct xs_stats before, after;
    char *text;

    xs_conn_forget();
    fake_xs_start(77);
    xs_get_stats(&before);
    fake_xs_emit(&stale, sizeof(stale));
    fake_xs_emit("abc", 3);
    fake_xs_emit_event("device", "0xffff0000");
    assert_int_equal(xs_read(XS_TX_NONE, "name", &text, NULL), 0);
    heap_free(text);
    xs_get_stats(&after);
    assert_int_equal(after.replies_stale - before.replies_stale, 1);
    assert_int_equal(after.events_unknown - before.events_unknown, 1);
}

static unsigned int turns;
static bool turns_end;

static void takes_turns(void *arg)
{
    while (!turns_end) {
        turns++;
        thread_yield();
    }
}

/* An eager daemon fills the ring again as soon as there is room, so there is always something to take in. */
static void flood_holds_up_neither_deadlines_nor_threads(void **state)
{
    struct xs_stats before, after;
    struct thread *thread;
    uint64_t start;
    int rc;

    works_honestly();
    fake_xs.mute = fake_xs.eager = true;
    for (unsigned int i = 0; i < 40; i++) {
        flood();
    }
    xs_get_stats(&before);
    turns = 0;
    turns_end = false;
    assert_int_equal(thread_create(&thread, "turns", takes_turns, NULL, 0), 0);
    fake_clock_step_ns = 10;
    start = fake_now_ns;
    rc = xs_write_until(XS_TX_NONE, "data/x", "1", 1, start + 500);
    fake_clock_step_ns = 0;
    xs_get_stats(&after);
    turns_end = true;
    thread_join(thread);
    assert_int_equal(rc, -ETIMEDOUT);
    assert_in_range(fake_now_ns - start, 500, 1000);
    assert_true(after.events - before.events > 100);
    assert_true(turns > 10);
}

static int group_setup(void **state)
{
    fake_boot(8192);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(left_overs_of_a_loader),
        cmocka_unit_test(wrong_replies_fail_one_request),
        cmocka_unit_test(directory_parts_that_lie),
        cmocka_unit_test(directory_without_end),
        cmocka_unit_test(broken_stream_closes),
        cmocka_unit_test(flood_holds_up_neither_deadlines_nor_threads),
        cmocka_unit_test(evil_daemon),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
