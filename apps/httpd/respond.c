// SPDX-License-Identifier: MIT
/*
 * Which answer a request gets: its route, what its conditions say, errors.
 */
#include "httpd.h"
#include "uri.h"

#define DISCARD_LIMIT 65536 /* bodies that nobody asked for are read up to here, so that the connection can go on */

static const char allow_files[] = "Allow: GET, HEAD, OPTIONS\r\n";
static const char allow_upload[] = "Allow: POST, PUT, OPTIONS\r\n";

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };

    for (unsigned int i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Unknown";
}

void respond_count(int status)
{
    counters.requests++;
    counters.by_status[status / 100][status % 100]++;
}

static void add_connection(struct text *t, const struct conn *c, bool old)
{
    if (c->close_after) {
        text_add(t, "Connection: close\r\n");
    } else if (old) {
        text_add(t, "Connection: keep-alive\r\n");
    }
}

void respond_head(struct text *t, const struct conn *c, int status, bool old)
{
    respond_count(status);
    text_add(t, "HTTP/1.1 ");
    text_number(t, (uint64_t)status, 3);
    text_add(t, " ");
    text_add(t, reason(status));
    text_add(t, "\r\nDate: ");
    text_bytes(t, server_date, FIELDS_DATE_LENGTH);
    text_add(t, "\r\n");
    add_connection(t, c, old);
}

void respond_text(struct conn *c, const struct request *rq, int status, const char *type, const char *headers,
                  const char *body, size_t length, bool more)
{
    char memory[2048];
    struct text t = text_in(memory, sizeof(memory));

    respond_head(&t, c, status, rq != NULL && rq->old);
    if (type != NULL) {
        text_add(&t, "Content-Type: ");
        text_add(&t, type);
        text_add(&t, "\r\nContent-Length: ");
        text_number(&t, length, 1);
        text_add(&t, "\r\n");
    }
    if (headers != NULL) {
        text_add(&t, headers);
    }
    text_add(&t, "\r\n");
    bool bodyless = rq != NULL && rq->method == HTTP_HEAD;
    struct iovec pieces[2] = {{t.data, t.length}, {(void *)body, length}};

    out_put(c, pieces, bodyless || length == 0 ? 1 : 2, more);
}

void respond_error(struct conn *c, const struct request *rq, int status, const char *location, bool more)
{
    char body[512], headers[HTTPD_PATH_MAX * 3 + 64];
    struct text b = text_in(body, sizeof(body)), h = text_in(headers, sizeof(headers) - 1);

    text_add(&b, "<!doctype html><meta charset=\"utf-8\"><title>");
    for (int i = 0; i < 2; i++) {
        text_number(&b, (uint64_t)status, 3);
        text_add(&b, " ");
        text_add(&b, reason(status));
        text_add(
            &b,
            i == 0
                ? "</title><style>body{font:1.1rem system-ui,sans-serif;margin:15vh auto;max-width:32rem;padding:0 1rem;"
                  "color:#334}</style><h1>"
                : "</h1><p>Xenolith's httpd has no better answer.</p>\n");
    }
    if (location != NULL) {
        text_add(&h, "Location: ");
        text_add(&h, location);
        text_add(&h, "\r\n");
    }
    if (status == 503) {
        text_add(&h, "Retry-After: 1\r\n");
    } else if (status == 405 || status == 501) {
        text_add(&h, rq != NULL && rq->route == ROUTE_UPLOAD ? allow_upload : allow_files);
    }
    headers[h.length] = '\0';
    respond_text(c, rq, status, "text/html; charset=utf-8", headers, b.data, b.length, more);
}

static bool is_route(const char *target, size_t length, const char *path)
{
    size_t path_length = strlen(path);

    return length >= path_length && memcmp(target, path, path_length) == 0 &&
           (length == path_length || target[path_length] == '?' || target[path_length] == '#');
}

int request_route(struct request *rq)
{
    const char *target = rq->base + rq->target.at;
    size_t length = rq->target.length;
    bool reads = rq->method == HTTP_GET || rq->method == HTTP_HEAD;

    /* Who reads has nothing to say: a body would be ignored by some on the way and not by others. */
    rq->body_limit = reads ? 0 : DISCARD_LIMIT;
    rq->too_much = reads ? 400 : rq->method == HTTP_OPTIONS ? 413 : 405;
    if (is_route(target, length, "/upload")) {
        rq->route = ROUTE_UPLOAD;
        if (rq->method == HTTP_PUT || rq->method == HTTP_POST) {
            rq->body_limit = options.max_upload;
            rq->too_much = 413;
            return 0;
        }
        if (rq->method != HTTP_OPTIONS) {
            return 405;
        }
        rq->route = ROUTE_OPTIONS;
        return 0;
    }
    if (rq->method == HTTP_OPTIONS) {
        rq->route = ROUTE_OPTIONS;
    } else if (!reads) {
        rq->route = ROUTE_NOT_ALLOWED;
        return rq->method == HTTP_CONNECT || rq->seen & 1U << HEADER_EXPECT ? 405 : 0;
    } else if (!options.no_status && is_route(target, length, "/status")) {
        rq->route = ROUTE_STATUS;
    } else if (!options.no_status && is_route(target, length, "/metrics")) {
        rq->route = ROUTE_METRICS;
    }
    return 0;
}

void respond_entry(struct conn *c, struct entry *e, bool head_only, bool old, bool more)
{
    static const char ok[] = "HTTP/1.1 200 OK\r\n", close_line[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n",
                      keep_line[] = "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n";
    const char *blob = files_dated(e);
    size_t length = e->head_length + (head_only ? 0 : e->kept_body);
    bool by_file = !head_only && e->kept_body < e->size;

    respond_count(200);
    if (!c->close_after && !old) {
        out_put(c, &(struct iovec){(void *)blob, length}, 1, more || by_file);
    } else {
        const char *first = c->close_after ? close_line : keep_line;
        struct iovec pieces[2] = {
            {(void *)first, c->close_after ? sizeof(close_line) - 1 : sizeof(keep_line) - 1},
            {(void *)(blob + sizeof(ok) - 1), length - (sizeof(ok) - 1)}};

        out_put(c, pieces, 2, more || by_file);
    }
    if (by_file) {
        out_flush(c, true);
        if (!c->dead) {
            c->entry = e;
            e->refs++;
            c->file_at = 0;
            c->file_left = e->size;
        }
    }
}

void respond_memo(struct conn *c, const struct memo *memo, bool more)
{
    struct entry *e = memo->entry;

    counters.memo_hits++;
    c->close_after = !memo->keep_alive;
    /* The most frequent case of all. */
    if (!more && memo->keep_alive && !memo->old &&
        out_whole(c, files_dated(e), e->head_length + (memo->head_only ? 0 : e->kept_body))) {
        respond_count(200);
        return;
    }
    respond_entry(c, memo->entry, memo->head_only, memo->old, more);
}

/* RFC 9110, 13.2.2: 0, or 304 or 412. */
static int judge_conditions(const struct request *rq, const struct entry *e)
{
    size_t length;
    const char *value;

    if ((value = request_header(rq, HEADER_IF_MATCH, &length)) != NULL) {
        if (!field_has_tag(value, length, e->tag, false)) {
            return 412;
        }
    } else if ((value = request_header(rq, HEADER_IF_UNMODIFIED_SINCE, &length)) != NULL) {
        int64_t date = field_read_date(value, length);

        if (date >= 0 && e->modified > date) {
            return 412;
        }
    }
    if ((value = request_header(rq, HEADER_IF_NONE_MATCH, &length)) != NULL) {
        return field_has_tag(value, length, e->tag, true) ? 304 : 0;
    }
    if ((value = request_header(rq, HEADER_IF_MODIFIED_SINCE, &length)) != NULL) {
        int64_t date = field_read_date(value, length);

        return date >= 0 && e->modified <= date ? 304 : 0;
    }
    return 0;
}

static void respond_not_modified(struct conn *c, const struct request *rq, const struct entry *e, bool more)
{
    char headers[128];
    struct text h = text_in(headers, sizeof(headers) - 1);

    text_add(&h, "ETag: ");
    text_add(&h, e->tag);
    text_add(&h, e->packed || e->gzip != NULL ? "\r\nVary: Accept-Encoding\r\n" : "\r\n");
    headers[h.length] = '\0';
    respond_text(c, rq, 304, NULL, headers, NULL, 0, more);
}

/* "/dir" goes on to "/dir/", with its query; the path is escaped anew, so nothing foreign reaches the header. */
static void redirect(struct conn *c, const struct request *rq, const char *path, bool more)
{
    char location[HTTPD_PATH_MAX * 3 + 8];
    struct text t = text_in(location, sizeof(location) - 1);

    /* "//host" would be another server. */
    for (const char *at = path; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;

        if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
            (byte < 0x80 && strchr("/-._~!$&'()*+,;=:@", byte) != NULL)) {
            text_bytes(&t, at, 1);
        } else {
            text_add(&t, "%");
            text_hex(&t, byte, 2);
        }
    }
    text_add(&t, "/");
    location[t.length] = '\0';
    respond_error(c, rq, 301, location, more);
}

static void respond_file(struct conn *c, struct request *rq, bool more)
{
    char path[HTTPD_PATH_MAX];
    struct entry *found;

    if (uri_path(rq->base + rq->target.at, rq->target.length, path, sizeof(path)) < 0) {
        respond_error(c, rq, rq->target.length >= HTTPD_PATH_MAX ? 414 : 400, NULL, more);
        return;
    }
    int status = files_find(path, &found);

    if (status == 301) {
        redirect(c, rq, path, more);
        return;
    }
    if (status != 0) {
        respond_error(c, rq, status, NULL, more);
        return;
    }
    size_t length;
    const char *accepted = request_header(rq, HEADER_ACCEPT_ENCODING, &length);
    struct entry *e = found;

    if (found->gzip != NULL && accepted != NULL && field_accepts_gzip(accepted, length)) {
        e = found->gzip;
    }
    bool conditional = rq->seen & (1U << HEADER_IF_MATCH | 1U << HEADER_IF_NONE_MATCH |
                                   1U << HEADER_IF_MODIFIED_SINCE | 1U << HEADER_IF_UNMODIFIED_SINCE);

    status = conditional ? judge_conditions(rq, e) : 0;
    if (status == 304) {
        respond_not_modified(c, rq, e, more);
    } else if (status == 412) {
        respond_error(c, rq, 412, NULL, more);
    } else if (!(rq->seen & 1U << HEADER_RANGE && rq->method == HTTP_GET && bodies_respond(c, rq, e, more))) {
        if (!conditional && !(rq->seen & 1U << HEADER_RANGE) && e->kept_body == e->size) {
            memo_add(rq, e, rq->method == HTTP_HEAD);
        }
        respond_entry(c, e, rq->method == HTTP_HEAD, rq->old, more);
    }
    files_put(found);
}

static void respond_upload(struct conn *c, const struct request *rq, bool more)
{
    char body[80];
    struct text t = text_in(body, sizeof(body));

    text_add(&t, "bytes=");
    text_number(&t, rq->body_bytes, 1);
    text_add(&t, " crc32=");
    text_hex(&t, rq->crc, 8);
    text_add(&t, "\n");
    respond_text(c, rq, 200, "text/plain; charset=utf-8", NULL, t.data, t.length, more);
}

void respond(struct conn *c, struct request *rq, bool more)
{
    c->close_after = !rq->keep_alive;
    switch (rq->route) {
    case ROUTE_STATUS:
        pages_status(c, rq, more);
        break;
    case ROUTE_METRICS:
        pages_metrics(c, rq, more);
        break;
    case ROUTE_UPLOAD:
        respond_upload(c, rq, more);
        break;
    case ROUTE_OPTIONS:
        respond_text(c, rq, 204, NULL, "Allow: GET, HEAD, OPTIONS, POST, PUT\r\n", NULL, 0, more);
        break;
    case ROUTE_NOT_ALLOWED:
        respond_error(c, rq, 405, NULL, more);
        break;
    default:
        respond_file(c, rq, more);
    }
}
