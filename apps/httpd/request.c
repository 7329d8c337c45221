// SPDX-License-Identifier: MIT
/*
 * One request. http-parser does the grammar; here is what it leaves to its user: limits, which fields matter, and what it tolerates
 * that RFC 9112 forbids (folded lines, several Host fields).
 */
#include <limits.h>
#include <string.h>

#include "httpd.h"

static struct request *of(http_parser *parser)
{
    return (struct request *)((char *)parser - offsetof(struct request, parser));
}

/* What a callback returns to stop the parser; 1 would mean to on_headers_complete() that there is no body. */
static int bad(struct request *rq, int status)
{
    rq->status = (uint16_t)status;
    rq->state = REQUEST_BAD;
    return -1;
}

/* A piece of the target, of a name or of a value: pieces of one thing follow each other without a gap. */
static bool extend(struct request *rq, struct slice *slice, const char *at, size_t length)
{
    uint32_t offset = (uint32_t)(at - rq->base);

    if (slice->length == 0) {
        slice->at = offset;
    } else if (slice->at + slice->length != offset) {
        return false;
    }
    slice->length += (uint32_t)length;
    return offset + length <= options.max_head;
}

static int on_url(http_parser *parser, const char *at, size_t length)
{
    struct request *rq = of(parser);

    return extend(rq, &rq->target, at, length) ? 0 : bad(rq, 414);
}

static int on_field(http_parser *parser, const char *at, size_t length)
{
    struct request *rq = of(parser);

    if (rq->state != REQUEST_HEAD) {
        return 0; /* a field behind a chunked body: nothing that we act on may come so late */
    }
    if (rq->value_started) {
        rq->field.length = rq->value.length = 0;
        rq->value_started = false;
    }
    return extend(rq, &rq->field, at, length) ? 0 : bad(rq, 431);
}

static int which_header(const char *name, size_t length)
{
    static const struct {
        const char *name;
        uint8_t length, header;
    } known[] = {
        {"host", 4, HEADER_HOST},
        {"range", 5, HEADER_RANGE},
        {"expect", 6, HEADER_EXPECT},
        {"if-range", 8, HEADER_IF_RANGE},
        {"if-match", 8, HEADER_IF_MATCH},
        {"if-none-match", 13, HEADER_IF_NONE_MATCH},
        {"accept-encoding", 15, HEADER_ACCEPT_ENCODING},
        {"if-modified-since", 17, HEADER_IF_MODIFIED_SINCE},
        {"if-unmodified-since", 19, HEADER_IF_UNMODIFIED_SINCE},
    };

    for (unsigned int i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].length == length && strncasecmp(name, known[i].name, length) == 0) {
            return known[i].header;
        }
    }
    return -1;
}

static int on_value(http_parser *parser, const char *at, size_t length)
{
    struct request *rq = of(parser);

    if (rq->state != REQUEST_HEAD) {
        return 0;
    }
    if (!rq->value_started) {
        rq->value_started = true;
        rq->current = (int8_t)which_header(rq->base + rq->field.at, rq->field.length);
        if (rq->current >= 0) {
            if (rq->seen & 1U << rq->current) {
                rq->repeated = rq->repeated || rq->current != HEADER_ACCEPT_ENCODING;
                rq->current = -1;
            } else {
                rq->seen |= (uint16_t)(1U << rq->current);
            }
        }
    }
    if (!extend(rq, &rq->value, at, length)) {
        /* A gap is a folded line: senders must not, and who accepts it opens a way to smuggle. */
        return bad(rq, (size_t)(at - rq->base) + length > options.max_head ? 431 : 400);
    }
    if (rq->current >= 0) {
        rq->headers[rq->current] = rq->value;
    }
    return 0;
}

static int on_headers_complete(http_parser *parser)
{
    struct request *rq = of(parser);
    bool has_body = (parser->flags & F_CHUNKED) ||
                    (parser->content_length > 0 && parser->content_length != ULLONG_MAX);

    /* A connection stays HTTP/1.1 whatever is proposed. */
    parser->upgrade = 0;
    rq->method = (uint8_t)parser->method;
    rq->old = parser->http_major == 1 && parser->http_minor == 0;
    rq->keep_alive = http_should_keep_alive(parser) != 0;
    if (parser->http_major != 1) {
        return bad(rq, 505);
    }
    if (rq->repeated || (!rq->old && !(rq->seen & 1U << HEADER_HOST))) {
        return bad(rq, 400);
    }
    int status = request_route(rq);

    if (status != 0) {
        return bad(rq, status);
    }
    if (has_body) {
        if (!(parser->flags & F_CHUNKED) && parser->content_length > rq->body_limit) {
            return bad(rq, rq->too_much);
        }
        size_t length;
        const char *expect = request_header(rq, HEADER_EXPECT, &length);

        if (expect != NULL && !rq->old) {
            if (!field_is(expect, length, "100-continue")) {
                return bad(rq, 417);
            }
            rq->wants_continue = true;
        }
    }
    rq->state = REQUEST_BODY;
    return 0;
}

static int on_body(http_parser *parser, const char *at, size_t length)
{
    struct request *rq = of(parser);

    rq->body_bytes += length;
    rq->wants_continue = false;
    if (rq->body_bytes > rq->body_limit) {
        return bad(rq, rq->too_much);
    }
    if (rq->route == ROUTE_UPLOAD) {
        rq->crc = crc32_update(rq->crc, at, length);
        counters.upload_bytes += length;
    }
    return 0;
}

static int on_message_complete(http_parser *parser)
{
    of(parser)->state = REQUEST_DONE;
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

void request_start(struct request *rq)
{
    memset(rq, 0, sizeof(*rq));
    http_parser_init(&rq->parser, HTTP_REQUEST);
}

/* A method that is none of ours but a word is not implemented; anything else is no HTTP. */
static int status_of_error(const struct request *rq, const char *at, const char *end)
{
    switch (HTTP_PARSER_ERRNO(&rq->parser)) {
    case HPE_INVALID_METHOD:
        for (at = rq->base; at < end && *at >= 'A' && *at <= 'Z'; at++) {
        }
        return at < end && *at == ' ' && at > rq->base ? 501 : 400;
    case HPE_INVALID_VERSION:
        return 505;
    case HPE_HEADER_OVERFLOW:
        return 431;
    default:
        return 400;
    }
}

size_t request_feed(struct request *rq, const char *base, const char *data, size_t length)
{
    uint8_t before = rq->state;

    rq->base = base;
    rq->head_here = before == REQUEST_HEAD;
    size_t taken = http_parser_execute(&rq->parser, &settings, data, length);

    if (before == REQUEST_HEAD) {
        rq->consumed += (uint32_t)taken;
    }
    if (rq->state == REQUEST_DONE || rq->state == REQUEST_BAD) {
        return taken;
    }
    if (HTTP_PARSER_ERRNO(&rq->parser) != HPE_OK) {
        bad(rq, status_of_error(rq, data, data + length));
    } else if (rq->state == REQUEST_HEAD && rq->consumed >= options.max_head) {
        bad(rq, rq->field.length == 0 ? 414 : 431);
    }
    return taken;
}

const char *request_header(const struct request *rq, enum header header, size_t *length)
{
    const struct slice *slice = &rq->headers[header];

    if (!(rq->seen & 1U << header)) {
        return NULL;
    }
    *length = slice->length;
    while (*length > 0 &&
           (rq->base[slice->at + *length - 1] == ' ' || rq->base[slice->at + *length - 1] == '\t')) {
        --*length;
    }
    return rq->base + slice->at;
}
