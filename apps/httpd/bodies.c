// SPDX-License-Identifier: MIT
/*
 * Parts of files: single ranges, and several as multipart/byteranges, made part by part while the answer is sent.
 */
#include <stdlib.h>

#include "httpd.h"

#define PART_ROOM 320

static void add_content_range(struct text *t, const struct range *range, uint64_t size)
{
    text_add(t, "Content-Range: bytes ");
    if (range != NULL) {
        text_number(t, range->first, 1);
        text_add(t, "-");
        text_number(t, range->last, 1);
    } else {
        text_add(t, "*");
    }
    text_add(t, "/");
    text_number(t, size, 1);
    text_add(t, "\r\n");
}

static void add_validators(struct text *t, const struct entry *e)
{
    char date[FIELDS_DATE_LENGTH];

    text_add(t, "Accept-Ranges: bytes\r\nETag: ");
    text_add(t, e->tag);
    text_add(t, "\r\nLast-Modified: ");
    field_write_date(e->modified, date);
    text_bytes(t, date, FIELDS_DATE_LENGTH);
    if (e->packed) {
        text_add(t, "\r\nContent-Encoding: gzip");
    }
    text_add(t, e->packed || e->gzip != NULL ? "\r\nVary: Accept-Encoding\r\n" : "\r\n");
}

static void add_part_header(struct text *t, const struct parts *parts, const struct entry *e,
                            const struct range *range)
{
    text_add(t, "\r\n--");
    text_add(t, parts->boundary);
    if (range == NULL) {
        text_add(t, "--\r\n");
        return;
    }
    text_add(t, "\r\nContent-Type: ");
    text_add(t, e->type);
    text_add(t, e->charset);
    text_add(t, "\r\n");
    add_content_range(t, range, e->size);
    text_add(t, "\r\n");
}

/* The bytes of @range are what goes out after c->own; the entry's reference must be there. */
static void set_body(struct conn *c, struct entry *e, const struct range *range)
{
    uint64_t length = range->last - range->first + 1;

    if (e->kept_body > 0) {
        c->memory = e->blob + e->head_length + range->first;
        c->memory_left = length;
    } else {
        c->file_at = range->first;
        c->file_left = length;
    }
}

static struct parts *make_parts(const struct range *ranges, int count)
{
    static uint64_t serial;
    struct parts *parts = malloc(sizeof(*parts));

    if (parts != NULL) {
        struct text t = text_in(parts->boundary, sizeof(parts->boundary) - 1);

        memcpy(parts->ranges, ranges, (size_t)count * sizeof(*ranges));
        parts->count = count;
        parts->next = 0;
        text_add(&t, "part");
        text_hex(&t, server_boot_id + serial++ * UINT64_C(0x9E3779B97F4A7C15), 16);
        parts->boundary[t.length] = '\0';
    }
    return parts;
}

static uint64_t parts_length(const struct parts *parts, const struct entry *e)
{
    char memory[PART_ROOM];
    uint64_t total = 0;

    for (int i = 0; i <= parts->count; i++) {
        const struct range *range = i < parts->count ? &parts->ranges[i] : NULL;
        struct text t = text_in(memory, sizeof(memory));

        add_part_header(&t, parts, e, range);
        total += t.length + (range != NULL ? range->last - range->first + 1 : 0);
    }
    return total;
}

/* If-Range: a part is of use only to who has the rest of this very file. */
static bool range_holds(const struct request *rq, const struct entry *e)
{
    size_t length;
    const char *value = request_header(rq, HEADER_IF_RANGE, &length);

    if (value == NULL) {
        return true;
    }
    if (length > 0 && (*value == '"' || *value == 'W')) {
        return field_has_tag(value, length, e->tag, false);
    }
    return field_read_date(value, length) == e->modified;
}

bool bodies_respond(struct conn *c, const struct request *rq, struct entry *e, bool more)
{
    struct range ranges[FIELDS_MAX_RANGES];
    char memory[1024];
    struct text t = text_in(memory, sizeof(memory));
    size_t length;
    const char *value = request_header(rq, HEADER_RANGE, &length);
    int count = range_holds(rq, e) ? field_read_ranges(value, length, e->size, ranges) : 0;

    if (count == 0) {
        return false;
    }
    if (count < 0) {
        add_content_range(&t, NULL, e->size);
        memory[t.length] = '\0';
        respond_text(c, rq, 416, "text/plain; charset=utf-8", memory, "no such range\n", 14, more);
        return true;
    }
    struct parts *parts = count > 1 ? make_parts(ranges, count) : NULL;

    if (count > 1 && parts == NULL) {
        return false;
    }
    respond_head(&t, c, 206, rq->old);
    text_add(&t, "Content-Type: ");
    text_add(&t, count > 1 ? "multipart/byteranges; boundary=" : e->type);
    text_add(&t, count > 1 ? parts->boundary : e->charset);
    text_add(&t, "\r\nContent-Length: ");
    text_number(&t, count > 1 ? parts_length(parts, e) : ranges[0].last - ranges[0].first + 1, 1);
    text_add(&t, "\r\n");
    if (count == 1) {
        add_content_range(&t, &ranges[0], e->size);
    }
    add_validators(&t, e);
    text_add(&t, "\r\n");
    out_put(c, &(struct iovec){t.data, t.length}, 1, true);
    out_flush(c, true);
    if (c->dead) {
        free(parts);
        return true;
    }
    c->entry = e;
    e->refs++;
    c->parts = parts;
    if (parts == NULL) {
        set_body(c, e, &ranges[0]);
    }
    return true;
}

void bodies_next_part(struct conn *c)
{
    struct parts *parts = c->parts;
    struct entry *e = c->entry;
    const struct range *range = parts->next < parts->count ? &parts->ranges[parts->next++] : NULL;
    char *own = malloc(PART_ROOM);

    if (own == NULL) {
        c->dead = true;
        return;
    }
    struct text t = text_in(own, PART_ROOM);

    add_part_header(&t, parts, e, range);
    c->own = own;
    c->own_at = 0;
    c->own_length = (uint32_t)t.length;
    c->own_size = PART_ROOM;
    if (range != NULL) {
        set_body(c, e, range);
    } else {
        c->parts = NULL;
        free(parts);
    }
}
