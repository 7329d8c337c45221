// SPDX-License-Identifier: MIT
/*
 * The input is a daemon: a script of bytes put into the ring, indices moved anywhere, and answers to real requests with any type and
 * payload. Two threads of ours ask for everything there is. When the script ends the daemon says that it is dead, and
 * everybody must come back, with all memory.
 */
#include "../../xenbus/xs_priv.h"

#include <stdlib.h>
#include <string.h>

#include <fake.h>
#include <fake_xenstored.h>

#include <xenolith/heap.h>
#include <xenolith/sched.h>

static const uint8_t *script;
static size_t script_left;
static uint32_t cursor; /* of the request stream: where the next header begins */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static uint8_t take_byte(void)
{
    if (script_left == 0) {
        return 0;
    }
    script_left--;
    return *script++;
}

static void ring_put(const void *from, size_t bytes)
{
    struct xenstore_domain_interface *page = fake_xs.page;

    for (size_t i = 0; i < bytes; i++) {
        page->rsp[MASK_XENSTORE_IDX(page->rsp_prod + i)] = ((const char *)from)[i];
    }
    page->rsp_prod += (uint32_t)bytes;
}

static void script_put(size_t bytes)
{
    while (bytes-- != 0) {
        uint8_t byte = take_byte();

        ring_put(&byte, 1);
    }
}

/* Answer the next request; @type as asked for if it is 255. */
static void script_answer(uint8_t type, size_t len)
{
    struct xenstore_domain_interface *page = fake_xs.page;
    struct xsd_sockmsg hdr;

    if (page->req_prod - cursor < sizeof(hdr)) {
        return;
    }
    for (size_t i = 0; i < sizeof(hdr); i++) {
        ((char *)&hdr)[i] = page->req[MASK_XENSTORE_IDX(cursor + i)];
    }
    cursor += (uint32_t)sizeof(hdr) + hdr.len;
    page->req_cons = page->req_prod;
    hdr.type = type == 255 ? hdr.type : type;
    hdr.len = (uint32_t)len;
    ring_put(&hdr, sizeof(hdr));
    if (len == 3) {
        ring_put("OK", 3);
    } else {
        script_put(len);
    }
}

static void script_event(void)
{
    struct xsd_sockmsg hdr = {XS_WATCH_EVENT, 0, 0, 16};
    char body[17] = "data/w\000000001";

    for (size_t i = 7; i < 15; i++) {
        body[i] = '0';
    }
    body[14] = (char)take_byte();
    ring_put(&hdr, sizeof(hdr));
    ring_put(body, 16);
}

static bool daemon_step(void)
{
    struct xenstore_domain_interface *page = fake_xs.page;
    uint8_t op;

    if (script_left == 0) {
        return false;
    }
    op = take_byte();
    switch (op % 16) {
    case 0:
        script_put(take_byte());
        break;
    case 1:
        page->rsp_prod += (uint32_t)(int8_t)take_byte() * 16;
        break;
    case 2:
        page->req_cons += (uint32_t)(int8_t)take_byte() * 16;
        break;
    case 3:
        page->server_features = take_byte();
        page->connection = take_byte();
        page->error = take_byte();
        break;
    case 4:
        page->req_cons = page->req_prod;
        break;
    case 5:
        script_event();
        break;
    case 6:
        script_answer(take_byte() % 30, take_byte());
        break;
    case 7:
        script_answer(255, (size_t)take_byte() * 16);
        break;
    case 8:
    case 9:
    case 10:
        script_answer(255, take_byte());
        break;
    default:
        script_answer(255, 3);
        break;
    }
    fake_xs_raise();
    return true;
}

static void daemon_dies(void)
{
    fake_xs.page->server_features = XENSTORE_SERVER_FEATURE_ERROR;
    fake_xs.page->error = XENSTORE_ERROR_COMM;
    fake_xs_raise();
}

static void on_event(struct xs_watch *watch, const char *path)
{
    (void)xs_write(XS_TX_NONE, path, "x", 1);
}

static int body_reads(uint32_t tx, void *arg)
{
    uint64_t value;

    return xs_read_u64(tx, "v", &value);
}

static void ask_everything(void *arg)
{
    struct xs_perm *perms;
    char **names, *text;
    size_t nr;

    if (xs_read(XS_TX_NONE, "name", &text, &nr) == 0) {
        heap_free(text);
    }
    if (xs_directory(XS_TX_NONE, "data", &names, &nr) == 0) {
        heap_free(names);
    }
    if (xs_get_permissions(XS_TX_NONE, "name", &perms, &nr) == 0) {
        heap_free(perms);
    }
    if (xs_get_domain_path(1, &text) == 0) {
        heap_free(text);
    }
    (void)xs_is_introduced(1);
    (void)xs_transaction(body_reads, NULL);
    (void)xs_printf(XS_TX_NONE, "data/long", "%01500u", 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static bool booted;
    struct xs_watch called = {.fn = on_event}, read = {0};
    struct thread *thread;
    size_t blocks;
    char *path;

    if (!booted) {
        fake_boot(2048);
        booted = true;
    }
    xs_conn_forget();
    fake_xs_start(bytes != 0 ? (uint32_t)data[0] * 0x01010101U : 0);
    blocks = fake_heap_blocks;
    script = data;
    script_left = bytes;
    (void)take_byte();
    cursor = fake_xs.page->req_cons;
    fake_idle_set(daemon_step);
    fake_deadlock_set(daemon_dies);

    if (thread_create(&thread, "other", ask_everything, NULL, 0) != 0) {
        abort();
    }
    if (xs_watch_add(&called, "data") == 0) {
        (void)xs_watch_remove(&called);
    }
    if (xs_watch_add(&read, "data") == 0) {
        while (xs_watch_next(&read, &path, fake_now_ns + 100) == 0) {
            heap_free(path);
        }
        (void)xs_watch_remove(&read);
    }
    ask_everything(NULL);
    thread_join(thread);
    /* The watch thread is made once, and stays. */
    if (fake_heap_blocks > blocks + 8) {
        abort();
    }
    return 0;
}
