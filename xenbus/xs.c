// SPDX-License-Identifier: MIT
/*
 * The requests of xenstore, one function each: builds the payload, has it sent, checks what comes back.
 * Keeps no state but our own domain id. Directories and watches are elsewhere.
 * ABI: xen/io/xs_wire.h; the payloads' syntax is in Xen's docs/misc/xenstore.txt.
 */
#include "xs_priv.h"

#include <stdarg.h>

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/printk.h>
#include <xenolith/string.h>

/* Decimal digits of a 64-bit number, and the NUL. */
#define DECIMAL_BYTES 21

/* Longest permission string: letter, five digits, NUL. */
#define PERM_BYTES 7

static struct xs_part part_string(const char *text)
{
    return (struct xs_part){text, strlen(text) + 1};
}

static struct xs_part part_decimal(char buf[DECIMAL_BYTES], uint64_t value)
{
    int len = ksnprintf(buf, DECIMAL_BYTES, "%llu", (unsigned long long)value);

    return (struct xs_part){buf, (size_t)len + 1};
}

/* A request whose answer is "OK". */
static int request_ok(enum xsd_sockmsg_type type, uint32_t tx, const struct xs_part *parts, unsigned int nr)
{
    return xs_request(type, tx, parts, nr, NULL, NULL, TIME_FOREVER);
}

static int request_path(enum xsd_sockmsg_type type, uint32_t tx, const char *path, char **body, size_t *len)
{
    const struct xs_part part = part_string(path);

    return xs_request(type, tx, &part, 1, body, len, TIME_FOREVER);
}

int xs_read(uint32_t tx, const char *path, char **value, size_t *len)
{
    size_t bytes;

    return request_path(XS_READ, tx, path, value, len != NULL ? len : &bytes);
}

int xs_read_u64(uint32_t tx, const char *path, uint64_t *value)
{
    const struct xs_part part = part_string(path);

    return xs_request_number(XS_READ, tx, &part, value);
}

int xs_write_until(uint32_t tx, const char *path, const void *value, size_t len, uint64_t deadline_ns)
{
    const struct xs_part parts[] = {part_string(path), {value, len}};

    return xs_request(XS_WRITE, tx, parts, ARRAY_SIZE(parts), NULL, NULL, deadline_ns);
}

int xs_write(uint32_t tx, const char *path, const void *value, size_t len)
{
    return xs_write_until(tx, path, value, len, TIME_FOREVER);
}

int xs_printf(uint32_t tx, const char *path, const char *fmt, ...)
{
    char small[128], *text = small;
    va_list ap;
    int len, rc;

    va_start(ap, fmt);
    len = kvsnprintf(small, sizeof(small), fmt, ap);
    va_end(ap);
    if (len < 0) {
        return -EINVAL;
    }
    if ((size_t)len >= sizeof(small)) {
        text = heap_alloc((size_t)len + 1);
        if (text == NULL) {
            return -ENOMEM;
        }
        va_start(ap, fmt);
        len = kvsnprintf(text, (size_t)len + 1, fmt, ap);
        va_end(ap);
    }
    rc = xs_write(tx, path, text, (size_t)len);
    if (text != small) {
        heap_free(text);
    }
    return rc;
}

int xs_mkdir(uint32_t tx, const char *path)
{
    return request_path(XS_MKDIR, tx, path, NULL, NULL);
}

int xs_rm(uint32_t tx, const char *path)
{
    return request_path(XS_RM, tx, path, NULL, NULL);
}

/* ---- Permissions ---------------------------------------------------------------------------------------- */

static int perms_parse(const char *body, size_t len, struct xs_perm **perms, size_t *nr)
{
    struct xs_perm *out;
    size_t count = 0;
    int rc;

    if (len == 0 || body[len - 1] != '\0') {
        return -EPROTO;
    }
    /* No entry is shorter than three bytes, so the count is bounded by the payload. */
    out = heap_alloc((len / 3 + 1) * sizeof(*out));
    if (out == NULL) {
        return -ENOMEM;
    }
    while (len != 0) {
        size_t text = strlen(body);

        rc = xs_parse_perm(body, text, &out[count]);
        if (rc != 0) {
            heap_free(out);
            return rc;
        }
        count++;
        body += text + 1;
        len -= text + 1;
    }
    *perms = out;
    *nr = count;
    return 0;
}

int xs_get_permissions(uint32_t tx, const char *path, struct xs_perm **perms, size_t *nr)
{
    char *body;
    size_t len;
    int rc = request_path(XS_GET_PERMS, tx, path, &body, &len);

    if (rc != 0) {
        return rc;
    }
    rc = perms_parse(body, len, perms, nr);
    heap_free(body);
    return rc;
}

int xs_set_permissions(uint32_t tx, const char *path, const struct xs_perm *perms, size_t nr)
{
    struct xs_part parts[2] = {part_string(path)};
    size_t bytes = 0;
    char *text;
    int rc;

    if (nr == 0) {
        return -EINVAL;
    }
    if (nr > XENSTORE_PAYLOAD_MAX / 3) {
        return -E2BIG;
    }
    text = heap_alloc(nr * PERM_BYTES);
    if (text == NULL) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < nr; i++) {
        bytes += (size_t)ksnprintf(text + bytes, PERM_BYTES, "%c%u", perms[i].access,
                                   (unsigned int)perms[i].domid) +
                 1;
    }
    parts[1] = (struct xs_part){text, bytes};
    rc = request_ok(XS_SET_PERMS, tx, parts, ARRAY_SIZE(parts));
    heap_free(text);
    return rc;
}

/* ---- Transactions --------------------------------------------------------------------------------------- */

int xs_transaction_start(uint32_t *tx)
{
    uint64_t id;
    char *body;
    size_t len;
    int rc = request_path(XS_TRANSACTION_START, XS_TX_NONE, "", &body, &len);

    if (rc != 0) {
        return rc;
    }
    rc = xs_parse_string(body, len);
    if (rc == 0 && (xs_parse_decimal(body, len - 1, UINT32_MAX, &id) != 0 || id == XS_TX_NONE)) {
        rc = -EPROTO;
    }
    heap_free(body);
    if (rc == 0) {
        *tx = (uint32_t)id;
    }
    return rc;
}

int xs_transaction_end(uint32_t tx, bool commit)
{
    return request_path(XS_TRANSACTION_END, tx, commit ? "T" : "F", NULL, NULL);
}

int xs_transaction(int (*body)(uint32_t tx, void *arg), void *arg)
{
    int rc = -EAGAIN;

    for (unsigned int try = 0; rc == -EAGAIN && try < XS_TRANSACTION_TRIES; try++) {
        uint32_t tx;

        rc = xs_transaction_start(&tx);
        if (rc != 0) {
            return rc;
        }
        rc = body(tx, arg);
        if (rc != 0) {
            (void)xs_transaction_end(tx, false);
            return rc;
        }
        rc = xs_transaction_end(tx, true);
    }
    return rc;
}

/* ---- Domains -------------------------------------------------------------------------------------------- */

int xs_get_domain_path(domid_t domid, char **path)
{
    char digits[DECIMAL_BYTES];
    const struct xs_part part = part_decimal(digits, domid);
    char *body;
    size_t len;
    int rc = xs_request(XS_GET_DOMAIN_PATH, XS_TX_NONE, &part, 1, &body, &len, TIME_FOREVER);

    if (rc != 0) {
        return rc;
    }
    if (xs_parse_string(body, len) != 0 || body[0] != '/') {
        heap_free(body);
        return -EPROTO;
    }
    *path = body;
    return 0;
}

int xs_introduce(domid_t domid, uint64_t gfn, uint32_t port)
{
    char digits[3][DECIMAL_BYTES];
    const struct xs_part parts[] = {
        part_decimal(digits[0], domid),
        part_decimal(digits[1], gfn),
        part_decimal(digits[2], port),
    };

    return request_ok(XS_INTRODUCE, XS_TX_NONE, parts, ARRAY_SIZE(parts));
}

int xs_release(domid_t domid)
{
    char digits[DECIMAL_BYTES];
    const struct xs_part part = part_decimal(digits, domid);

    return request_ok(XS_RELEASE, XS_TX_NONE, &part, 1);
}

int xs_is_introduced(domid_t domid)
{
    char digits[DECIMAL_BYTES];
    const struct xs_part part = part_decimal(digits, domid);
    char *body;
    size_t len;
    int rc = xs_request(XS_IS_DOMAIN_INTRODUCED, XS_TX_NONE, &part, 1, &body, &len, TIME_FOREVER);

    if (rc != 0) {
        return rc;
    }
    if (len == 2 && body[1] == '\0' && (body[0] == 'T' || body[0] == 'F')) {
        rc = body[0] == 'T';
    } else {
        rc = -EPROTO;
    }
    heap_free(body);
    return rc;
}

int xs_domid(void)
{
    static int cached = -1;
    uint64_t value;
    int rc;

    if (cached < 0) {
        rc = xs_read_u64(XS_TX_NONE, "domid", &value);
        if (rc != 0) {
            return rc;
        }
        if (value >= DOMID_FIRST_RESERVED) {
            return -EPROTO;
        }
        cached = (int)value;
    }
    return cached;
}
