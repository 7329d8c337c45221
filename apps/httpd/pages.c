// SPDX-License-Identifier: MIT
/*
 * What the server tells about itself: /status for people, /metrics for Prometheus. Both show the same figures.
 */
#include <stdlib.h>

#include "httpd.h"

#define CHUNK_BYTES 2048
#define LINE_ROOM   320
#define PAGE_BYTES  16384

/* Where figures go. @page collects HTML rows; else text for Prometheus leaves in chunks. */
struct writer {
    struct conn *c;
    struct text text;
    bool page, chunked;
    const char *last_name;
};

static void show(void *cookie, const struct figure *figure);

static bool ends_with(const char *string, const char *end)
{
    size_t length = strlen(string), end_length = strlen(end);

    return length >= end_length && strcmp(string + length - end_length, end) == 0;
}

static void own_figures(struct writer *w)
{
    const struct figure figures[] = {
        {"httpd_connections", NULL, "Connections open", counters.open},
        {"httpd_connections_max", NULL, "Connections open at most so far", counters.open_max},
        {"httpd_connections_limit", NULL, "Connections allowed", options.max_connections},
        {"httpd_accepted_total", NULL, "Connections accepted", counters.accepted},
        {"httpd_closed_total", NULL, "Connections closed", counters.closed},
        {"httpd_refused_total", NULL, "Connections refused", counters.refused},
        {"httpd_evicted_total", NULL, "Idle connections closed for others", counters.evicted},
        {"httpd_timeouts_total", NULL, "Connections timed out", counters.timed_out},
        {"httpd_requests_total", NULL, "Requests", counters.requests},
        {"httpd_repeated_requests_total", NULL, "Requests known byte for byte", counters.memo_hits},
        {"httpd_sent_bytes_total", NULL, "Bytes sent", counters.bytes_out},
        {"httpd_received_bytes_total", NULL, "Bytes received", counters.bytes_in},
        {"httpd_upload_bytes_total", NULL, "Bytes uploaded", counters.upload_bytes},
        {"httpd_cache_entries", NULL, "Files open", files_count()},
        {"httpd_cache_bytes", NULL, "Bytes of files kept in memory", files_bytes()},
        {"httpd_cache_hits_total", NULL, "Files found open", counters.cache_hits},
        {"httpd_cache_misses_total", NULL, "Files opened", counters.cache_misses},
    };

    for (unsigned int i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        show(w, &figures[i]);
    }
    for (unsigned int i = 0; i < 6 * 64; i++) {
        char label[16];
        struct text t = text_in(label, sizeof(label) - 1);

        if (counters.by_status[i / 64][i % 64] > 0) {
            text_add(&t, "code=\"");
            text_number(&t, i / 64 * 100 + i % 64, 3);
            text_add(&t, "\"");
            label[t.length] = '\0';
            show(w, &(struct figure){"httpd_responses_total", label, "Answers",
                                     counters.by_status[i / 64][i % 64]});
        }
    }
}

static void send_chunk(struct writer *w)
{
    char size[16];
    struct text t = text_in(size, sizeof(size));
    struct iovec pieces[3] = {
        {w->text.data, w->text.length}, {w->text.data, w->text.length}, {(void *)"\r\n", 2}};

    if (w->text.length == 0 || w->c->dead) {
        return;
    }
    if (w->chunked) {
        text_hex(&t, w->text.length, 1);
        text_add(&t, "\r\n");
        pieces[0] = (struct iovec){t.data, t.length};
        out_put(w->c, pieces, 3, true);
    } else {
        out_put(w->c, pieces, 1, true);
    }
    w->text.length = 0;
}

static void show_row(struct text *t, const struct figure *figure)
{
    text_add(t, "<tr><td>");
    text_add(t, figure->text);
    if (figure->label != NULL) {
        const char *value = strchr(figure->label, '"') + 1;

        text_add(t, " <b>");
        text_escaped(t, value, strcspn(value, "\""));
        text_add(t, "</b>");
    }
    text_add(t, "<td>");
    char digits[24];
    struct text d = text_in(digits, sizeof(digits));

    text_number(&d, figure->value, 1);
    for (size_t i = 0; i < d.length; i++) {
        if (i > 0 && (d.length - i) % 3 == 0) {
            text_add(t, "&#8239;");
        }
        text_bytes(t, &digits[i], 1);
    }
}

static void show(void *cookie, const struct figure *figure)
{
    struct writer *w = cookie;
    struct text *t = &w->text;

    if (w->page) {
        show_row(t, figure);
        return;
    }
    if (t->size - t->length < LINE_ROOM) {
        send_chunk(w);
    }
    if (w->last_name == NULL || strcmp(w->last_name, figure->name) != 0) {
        text_add(t, "# HELP xenolith_");
        text_add(t, figure->name);
        text_add(t, " ");
        text_add(t, figure->text);
        text_add(t, "\n# TYPE xenolith_");
        text_add(t, figure->name);
        text_add(t, ends_with(figure->name, "_total") ? " counter\n" : " gauge\n");
        w->last_name = figure->name;
    }
    text_add(t, "xenolith_");
    text_add(t, figure->name);
    if (figure->label != NULL) {
        text_add(t, "{");
        text_add(t, figure->label);
        text_add(t, "}");
    }
    text_add(t, " ");
    text_number(t, figure->value, 1);
    text_add(t, "\n");
}

void pages_metrics(struct conn *c, const struct request *rq, bool more)
{
    static char memory[CHUNK_BYTES];
    struct writer w = {.c = c, .text = text_in(memory, sizeof(memory)), .chunked = !rq->old};

    /* Who speaks HTTP/1.0 knows no chunks: the end of the connection is the end of the text. */
    c->close_after = c->close_after || rq->old;
    respond_head(&w.text, c, 200, rq->old);
    text_add(&w.text,
             "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\nCache-Control: no-store\r\n");
    text_add(&w.text, rq->old ? "\r\n" : "Transfer-Encoding: chunked\r\n\r\n");
    out_put(c, &(struct iovec){w.text.data, w.text.length}, 1, rq->method != HTTP_HEAD || more);
    w.text.length = 0;
    if (rq->method == HTTP_HEAD) {
        return;
    }
    own_figures(&w);
    platform_figures(show, &w);
    send_chunk(&w);
    if (!c->dead) {
        out_put(c, &(struct iovec){(void *)"0\r\n\r\n", w.chunked ? 5 : 0}, 1, more);
    }
}

void pages_status(struct conn *c, const struct request *rq, bool more)
{
    static const char top[] =
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
        "<meta http-equiv=\"refresh\" content=\"2\"><title>Xenolith: status</title><style>"
        ":root{color-scheme:light dark;--line:#8883}"
        "body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
        "h1{font-size:1.5rem;margin:0}p{opacity:.7;margin:.2rem 0 1.2rem}a{color:inherit}"
        "table{border-collapse:collapse;width:100%}td{padding:.25rem .4rem;border-bottom:1px solid var(--line)}"
        "td+td{text-align:right;font-variant-numeric:tabular-nums}b{font-weight:600}</style><h1>";
    char *memory = malloc(PAGE_BYTES);

    if (memory == NULL) {
        respond_error(c, rq, 503, NULL, more);
        return;
    }
    struct writer w = {.c = c, .text = text_in(memory, PAGE_BYTES), .page = true};

    text_add(&w.text, top);
    text_add(&w.text, platform_name());
    text_add(&w.text, "</h1><p>");
    text_bytes(&w.text, server_date, FIELDS_DATE_LENGTH);
    text_add(
        &w.text,
        " &middot; renewed every two seconds &middot; <a href=\"/metrics\">/metrics</a> for Prometheus &middot; "
        "<a href=\"/\">/</a></p><table>");
    platform_figures(show, &w);
    own_figures(&w);
    text_add(&w.text, "</table></html>\n");
    respond_text(c, rq, 200, "text/html; charset=utf-8", "Cache-Control: no-store\r\n", w.text.data,
                 w.text.length, more);
    free(memory);
}
