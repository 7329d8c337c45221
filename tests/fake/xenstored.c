// SPDX-License-Identifier: MIT
/*
 * The fake xenstored's outside: the ring page from the daemon's end, the event channel, requests, transactions, watches.
 * The tree is xenstored_tree.c's. It runs on the stack of whichever thread idles, so large buffers are static.
 */
#include <fake_xenstored.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fake.h>

#include <xenolith/boot.h>
#include <xenolith/events.h>

struct fake_xs fake_xs;

struct watch {
    char path[XENSTORE_ABS_PATH_MAX + 1], token[64];
    bool relative;
};

struct tx {
    uint32_t id;
    struct fake_tree *tree;
    uint64_t writes_seen; /* of the whole store, when it began */
    char **changed;
    size_t nr_changed;
};

static struct xenstore_domain_interface ring_page;
static struct fake_tree *store;
static uint64_t writes;
static struct watch *watch_list;
static size_t nr_watches;
static struct tx txs[16];
static uint32_t next_tx;

static struct {
    struct xsd_sockmsg hdr;
    char body[XENSTORE_PAYLOAD_MAX + 1];
} in;
static size_t in_bytes;
static char *out; /* out_bytes wait from out_head on */
static size_t out_head, out_bytes, out_room;

/* ---- The event channel ---------------------------------------------------------------------------------- */

static evtchn_handler_fn port_handler;
static bool port_masked = true, port_pending, kicked;

static void port_upcall(void)
{
    while (port_pending && !port_masked) {
        port_pending = false;
        port_handler(FAKE_XS_PORT, NULL);
    }
}

void fake_xs_raise(void)
{
    port_pending = true;
    fake_upcall_raise();
}

int evtchn_adopt(evtchn_port_t port, evtchn_handler_fn fn, void *arg)
{
    (void)arg;
    if (port != FAKE_XS_PORT) {
        return -EINVAL;
    }
    port_handler = fn;
    return 0;
}

void evtchn_mask(evtchn_port_t port)
{
    (void)port;
    port_masked = true;
}

void evtchn_unmask(evtchn_port_t port)
{
    (void)port;
    port_masked = false;
    if (port_pending) {
        fake_upcall_raise();
    }
}

bool fake_xs_port_masked(void)
{
    return port_masked;
}

static bool serve(void);

int evtchn_send(evtchn_port_t port)
{
    (void)port;
    fake_xs.kicks++;
    kicked = true;
    if (fake_xs.eager) {
        serve();
    }
    return 0;
}

/* ---- Output --------------------------------------------------------------------------------------------- */

void fake_xs_emit(const void *bytes, size_t len)
{
    if (out_head + out_bytes + len > out_room) {
        char *grown;

        out_room = 2 * (out_bytes + len) + 65536;
        grown = malloc(out_room);
        if (out_bytes != 0) {
            memcpy(grown, out + out_head, out_bytes);
        }
        free(out);
        out = grown;
        out_head = 0;
    }
    memcpy(out + out_head + out_bytes, bytes, len);
    out_bytes += len;
    kicked = true;
}

static void emit_message(uint32_t type, uint32_t req_id, uint32_t tx_id, const void *body, size_t len)
{
    struct xsd_sockmsg hdr = {type, req_id, tx_id, (uint32_t)len};
    static char copy[XENSTORE_PAYLOAD_MAX];

    memcpy(copy, body, len);
    if (fake_xs.mangle != NULL && !fake_xs.mangle(&hdr, copy)) {
        return;
    }
    fake_xs_emit(&hdr, sizeof(hdr));
    fake_xs_emit(copy, hdr.len < sizeof(copy) ? hdr.len : sizeof(copy));
}

static void reply(const void *body, size_t len)
{
    if (!fake_xs.mute) {
        emit_message(in.hdr.type, in.hdr.req_id, in.hdr.tx_id, body, len);
    }
}

static void reply_text(const char *text)
{
    reply(text, strlen(text) + 1);
}

static void reply_result(int error)
{
    static const struct {
        int error;
        const char *name;
    } names[] = {
        {EINVAL, "EINVAL"}, {EACCES, "EACCES"}, {EEXIST, "EEXIST"}, {ENOENT, "ENOENT"},
        {EAGAIN, "EAGAIN"}, {E2BIG, "E2BIG"},   {ENOSPC, "ENOSPC"},
    };

    if (error == 0) {
        reply_text("OK");
        return;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].error == error && !fake_xs.mute) {
            emit_message(XS_ERROR, in.hdr.req_id, in.hdr.tx_id, names[i].name, strlen(names[i].name) + 1);
        }
    }
}

void fake_xs_emit_event(const char *path, const char *token)
{
    static char body[XENSTORE_PAYLOAD_MAX];
    size_t first = strlen(path) + 1;

    memcpy(body, path, first);
    strcpy(body + first, token);
    emit_message(XS_WATCH_EVENT, 0, 0, body, first + strlen(token) + 1);
}

static void event(const struct watch *w, const char *path)
{
    fake_xs_emit_event(w->relative ? path + strlen(FAKE_XS_HOME) + 1 : path, w->token);
}

static void fire(const char *path, bool removed)
{
    writes++;
    for (size_t i = 0; i < nr_watches; i++) {
        if (fake_path_is_below(path, watch_list[i].path)) {
            event(&watch_list[i], path);
        } else if (removed && fake_path_is_below(watch_list[i].path, path)) {
            event(&watch_list[i], watch_list[i].path);
        }
    }
}

/* ---- Requests ------------------------------------------------------------------------------------------- */

static struct tx *tx_find(uint32_t id)
{
    for (size_t i = 0; i < 16; i++) {
        if (txs[i].tree != NULL && txs[i].id == id) {
            return &txs[i];
        }
    }
    return NULL;
}

static void changed(struct tx *tx, const char *path, bool removed)
{
    if (tx == NULL) {
        fire(path, removed);
        return;
    }
    tx->changed = realloc(tx->changed, (tx->nr_changed + 1) * sizeof(*tx->changed));
    tx->changed[tx->nr_changed++] = strdup(path);
}

static void tx_drop(struct tx *tx)
{
    for (size_t i = 0; i < tx->nr_changed; i++) {
        free(tx->changed[i]);
    }
    free(tx->changed);
    if (tx->tree != NULL) {
        fake_tree_free(tx->tree);
    }
    *tx = (struct tx){0};
}

static void do_tx_start(void)
{
    char text[16];

    for (size_t i = 0; i < 16; i++) {
        if (txs[i].tree == NULL) {
            txs[i] = (struct tx){.id = ++next_tx, .tree = fake_tree_copy(store), .writes_seen = writes};
            snprintf(text, sizeof(text), "%u", next_tx);
            reply_text(text);
            return;
        }
    }
    reply_result(ENOSPC);
}

static void do_tx_end(struct tx *tx)
{
    if (tx == NULL || (strcmp(in.body, "T") != 0 && strcmp(in.body, "F") != 0)) {
        reply_result(EINVAL);
        return;
    }
    if (in.body[0] == 'F') {
        reply_result(0);
    } else if (fake_xs.conflicts != 0 || (tx->nr_changed != 0 && tx->writes_seen != writes)) {
        fake_xs.conflicts -= fake_xs.conflicts != 0;
        reply_result(EAGAIN);
    } else {
        fake_tree_free(store);
        store = tx->tree;
        tx->tree = NULL;
        reply_result(0);
        for (size_t i = 0; i < tx->nr_changed; i++) {
            fire(tx->changed[i], false);
        }
    }
    tx_drop(tx);
}

static void do_watch(const char *path, const char *token)
{
    static struct watch w;

    w.relative = in.body[0] != '/' && in.body[0] != '@';
    snprintf(w.path, sizeof(w.path), "%s", path);
    snprintf(w.token, sizeof(w.token), "%s", token);
    watch_list = realloc(watch_list, (nr_watches + 1) * sizeof(w));
    watch_list[nr_watches++] = w;
    reply_result(0);
    event(&watch_list[nr_watches - 1], path);
}

static void do_unwatch(const char *path, const char *token)
{
    for (size_t i = 0; i < nr_watches; i++) {
        if (strcmp(watch_list[i].path, path) == 0 && strcmp(watch_list[i].token, token) == 0) {
            memmove(&watch_list[i], &watch_list[i + 1], (nr_watches - i - 1) * sizeof(*watch_list));
            nr_watches--;
            reply_result(0);
            return;
        }
    }
    reply_result(ENOENT);
}

static void do_directory(struct fake_tree *t, const char *path, const char *offset)
{
    static char part[XENSTORE_PAYLOAD_MAX];
    struct fake_node *node;
    size_t len, head, bytes = 0, at = offset != NULL ? strtoul(offset, NULL, 10) : 0;
    int rc = fake_tree_get(t, path, FAKE_XS_DOMID, &node);
    char *names;

    if (rc != 0) {
        reply_result(rc);
        return;
    }
    names = fake_tree_children(t, path, &len);
    if (offset == NULL) {
        if (len > XENSTORE_PAYLOAD_MAX) {
            reply_result(E2BIG);
        } else {
            reply(len != 0 ? names : "", len);
        }
        free(names);
        return;
    }
    head = (size_t)snprintf(part, sizeof(part), "%llu", (unsigned long long)node->generation) + 1;
    while (at + bytes < len && head + bytes + strlen(names + at + bytes) + 2 <= XENSTORE_PAYLOAD_MAX) {
        bytes += strlen(names + at + bytes) + 1;
    }
    if (bytes != 0) {
        memcpy(part + head, names + at, bytes);
    }
    if (at + bytes >= len) {
        part[head + bytes++] = '\0';
    }
    free(names);
    reply(part, head + bytes);
}

static void do_get_perms(const struct fake_node *node)
{
    char text[16 * FAKE_MAX_PERMS];
    size_t len = 0;

    for (unsigned int i = 0; i < node->nr_perms; i++) {
        len += (size_t)sprintf(text + len, "%c%u", node->perms[i].access, node->perms[i].domid) + 1;
    }
    reply(text, len);
}

/* @text: permission strings, one NUL behind each. */
static int do_set_perms(struct fake_tree *t, const char *path, const char *text, size_t len)
{
    struct fake_perm perms[FAKE_MAX_PERMS];
    unsigned int nr = 0;

    while (len != 0 && nr < FAKE_MAX_PERMS) {
        perms[nr].access = text[0];
        perms[nr++].domid = (unsigned int)strtoul(text + 1, NULL, 10);
        len -= strlen(text) + 1;
        text += strlen(text) + 1;
    }
    return nr == 0 ? EINVAL : fake_tree_chmod(t, path, perms, nr, FAKE_XS_DOMID);
}

/* Requests about one node of the tree that @t stands for. */
static void serve_node(struct fake_tree *t, struct tx *tx, const char *path, const char *rest,
                       size_t rest_len)
{
    struct fake_node *node;
    int rc;

    switch (in.hdr.type) {
    case XS_READ:
        rc = fake_tree_get(t, path, FAKE_XS_DOMID, &node);
        if (rc == 0) {
            reply(node->value, node->len);
            return;
        }
        break;
    case XS_GET_PERMS:
        rc = fake_tree_get(t, path, FAKE_XS_DOMID, &node);
        if (rc == 0) {
            do_get_perms(node);
            return;
        }
        break;
    case XS_WRITE:
        rc = fake_tree_set(t, path, rest, rest_len, FAKE_XS_DOMID);
        break;
    case XS_MKDIR:
        rc = fake_tree_mkdir(t, path, FAKE_XS_DOMID);
        break;
    case XS_RM:
        rc = fake_tree_rm(t, path, FAKE_XS_DOMID);
        break;
    default:
        rc = do_set_perms(t, path, rest, rest_len);
        break;
    }
    reply_result(rc);
    if (rc == 0) {
        changed(tx, path, in.hdr.type == XS_RM);
    }
}

static void serve_request(void)
{
    static char path[XENSTORE_ABS_PATH_MAX + 64];
    const char *rest = in.body + strlen(in.body) + 1;
    size_t rest_len = in.hdr.len > strlen(in.body) ? in.hdr.len - strlen(in.body) - 1 : 0;
    struct tx *tx = tx_find(in.hdr.tx_id);

    fake_xs.requests++;
    if (fake_xs.spy != NULL) {
        fake_xs.spy(&in.hdr, in.body);
    }
    snprintf(path, sizeof(path), "%s%s", in.body[0] == '/' || in.body[0] == '@' ? "" : FAKE_XS_HOME "/",
             in.body);
    if (in.hdr.tx_id != 0 && tx == NULL) {
        reply_result(ENOENT);
        return;
    }
    switch (in.hdr.type) {
    case XS_READ:
    case XS_GET_PERMS:
    case XS_WRITE:
    case XS_MKDIR:
    case XS_RM:
    case XS_SET_PERMS:
        serve_node(tx != NULL ? tx->tree : store, tx, path, rest, rest_len);
        break;
    case XS_DIRECTORY:
        do_directory(tx != NULL ? tx->tree : store, path, NULL);
        break;
    case XS_DIRECTORY_PART:
        do_directory(tx != NULL ? tx->tree : store, path, rest);
        break;
    case XS_WATCH:
        do_watch(path, rest);
        break;
    case XS_UNWATCH:
        do_unwatch(path, rest);
        break;
    case XS_TRANSACTION_START:
        do_tx_start();
        break;
    case XS_TRANSACTION_END:
        do_tx_end(tx);
        break;
    case XS_GET_DOMAIN_PATH:
        snprintf(path, sizeof(path), "/local/domain/%s", in.body);
        reply_text(path);
        break;
    case XS_IS_DOMAIN_INTRODUCED:
        reply_text(strcmp(in.body, "7") == 0 || strcmp(in.body, "0") == 0 ? "T" : "F");
        break;
    case XS_INTRODUCE:
    case XS_RELEASE:
        reply_result(EACCES);
        break;
    default:
        reply_result(EINVAL);
        break;
    }
}

/* ---- The ring, from the other end ------------------------------------------------------------------------ */

static size_t move_limit(size_t bytes)
{
    return fake_xs.chunk != 0 && bytes > fake_xs.chunk ? fake_xs.chunk : bytes;
}

/* A client that breaks the protocol is a bug of ours, unless the test itself has led it astray. */
static size_t client_is_wrong(const char *what)
{
    if (fake_xs.mangle == NULL) {
        fprintf(stderr, "fake xenstored: our own client sent a wrong %s\n", what);
        abort();
    }
    fake_xs.asleep = true;
    return 0;
}

/* Take what belongs to one message, no more. Return: bytes; *was_full: the ring was. */
static size_t take_input(bool *was_full)
{
    uint32_t cons = ring_page.req_cons, there = ring_page.req_prod - cons;
    size_t want = in_bytes < sizeof(in.hdr) ? sizeof(in.hdr) - in_bytes
                                            : sizeof(in.hdr) + in.hdr.len - in_bytes;
    size_t bytes;

    if (there > XENSTORE_RING_SIZE) {
        return client_is_wrong("index");
    }
    *was_full |= there == XENSTORE_RING_SIZE;
    bytes = move_limit(want < there ? want : there);
    for (size_t i = 0; i < bytes; i++) {
        ((char *)&in)[in_bytes + i] = ring_page.req[MASK_XENSTORE_IDX(cons + i)];
    }
    in_bytes += bytes;
    ring_page.req_cons = cons + (uint32_t)bytes;
    if (in_bytes == sizeof(in.hdr) && in.hdr.len > XENSTORE_PAYLOAD_MAX) {
        in_bytes = 0;
        return client_is_wrong("length");
    }
    return bytes;
}

static size_t push_output(void)
{
    uint32_t prod = ring_page.rsp_prod, used = prod - ring_page.rsp_cons;
    size_t bytes;

    if (used > XENSTORE_RING_SIZE) {
        return 0;
    }
    bytes = move_limit(out_bytes < XENSTORE_RING_SIZE - used ? out_bytes : XENSTORE_RING_SIZE - used);
    for (size_t i = 0; i < bytes; i++) {
        ring_page.rsp[MASK_XENSTORE_IDX(prod + i)] = out[out_head + i];
    }
    out_head += bytes;
    out_bytes -= bytes;
    ring_page.rsp_prod = prod + (uint32_t)bytes;
    return bytes;
}

/* One round of the daemon's loop. It goes back to sleep when nothing moved. Return: whether anything did. */
static bool serve(void)
{
    bool was_full = false;
    size_t taken, given;

    if (!kicked || fake_xs.asleep) {
        return false;
    }
    taken = take_input(&was_full);
    if (in_bytes >= sizeof(in.hdr) && in_bytes == sizeof(in.hdr) + in.hdr.len) {
        in.body[in.hdr.len] = '\0';
        serve_request();
        in_bytes = 0;
    }
    given = push_output();
    kicked = taken != 0 || given != 0;
    if (given != 0 || (was_full && taken != 0)) {
        fake_xs_raise();
    }
    return kicked;
}

void fake_xs_kick(void)
{
    kicked = true;
}

/* ---- dom0's side and the start --------------------------------------------------------------------------- */

const char *fake_xs_last_token(void)
{
    return watch_list[nr_watches - 1].token;
}

size_t fake_xs_watches(void)
{
    return nr_watches;
}

void fake_xs_write(const char *path, const char *value)
{
    fake_tree_set(store, path, value, strlen(value), 0);
    fire(path, false);
}

void fake_xs_rm(const char *path)
{
    fake_tree_rm(store, path, 0);
    fire(path, true);
}

const char *fake_xs_read(const char *path)
{
    struct fake_node *node;

    return fake_tree_get(store, path, 0, &node) == 0 ? node->value : NULL;
}

void fake_xs_chmod(const char *path, const char *perms)
{
    struct fake_perm list[FAKE_MAX_PERMS];
    unsigned int nr = 0;

    for (const char *p = perms; *p != '\0' && nr < FAKE_MAX_PERMS; p += strspn(p, " ")) {
        char *end;

        list[nr].access = p[0];
        list[nr++].domid = (unsigned int)strtoul(p + 1, &end, 10);
        p = end;
    }
    fake_tree_chmod(store, path, list, nr, 0);
}

/* What libxl makes for a domain, as far as our tests look at it. */
static void make_home(void)
{
    static const char *const ours[] = {"/data", "/control/shutdown", "/control/sysrq",
                                       "/control/feature-poweroff", "/control/feature-reboot"};

    fake_xs_write(FAKE_XS_HOME, "");
    fake_xs_chmod(FAKE_XS_HOME, "n0 r7");
    fake_xs_write(FAKE_XS_HOME "/domid", "7");
    fake_xs_write(FAKE_XS_HOME "/name", "guest");
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        char path[64];

        snprintf(path, sizeof(path), FAKE_XS_HOME "%s", ours[i]);
        fake_xs_write(path, "");
        fake_xs_chmod(path, "n7");
    }
}

void fake_xs_start(uint32_t index)
{
    for (size_t i = 0; i < 16; i++) {
        tx_drop(&txs[i]);
    }
    if (store != NULL) {
        fake_tree_free(store);
    }
    free(watch_list);
    free(out);
    watch_list = NULL;
    out = NULL;
    nr_watches = in_bytes = out_head = out_bytes = out_room = 0;
    memset(&ring_page, 0x5a, sizeof(ring_page));
    ring_page.req_prod = ring_page.req_cons = ring_page.rsp_prod = ring_page.rsp_cons = index;
    ring_page.server_features = XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR;
    ring_page.connection = XENSTORE_CONNECTED;
    ring_page.error = XENSTORE_ERROR_NONE;
    fake_xs = (struct fake_xs){.page = &ring_page};
    store = fake_tree_make();
    make_home();
    kicked = port_pending = false;
    boot_info.store_ring = &ring_page;
    boot_info.store_port = FAKE_XS_PORT;
    fake_upcall_set(port_upcall);
    fake_idle_set(serve);
}
