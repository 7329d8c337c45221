// SPDX-License-Identifier: MIT
/*
 * What is kept of one file: its descriptor, the header of its answer, ready made, and the body if that is small. Knows the file system and
 * no table. Never reads a large file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "httpd.h"
#include "uri.h"

#define HEADER_ROOM 512
#define STATUS_LINE "HTTP/1.1 200 OK\r\nDate: "
#define DATE_AT     (sizeof(STATUS_LINE) - 1)

void files_put(struct entry *e)
{
    if (--e->refs > 0) {
        return;
    }
    if (e->gzip != NULL) {
        files_put(e->gzip);
    }
    if (e->fd >= 0) {
        close(e->fd);
    }
    free(e->blob);
    free(e);
}

/* root + path + what a directory shows + ".gz" */
static bool full_path(char *out, size_t size, const char *path, bool packed)
{
    struct text t = text_in(out, size - 1);

    text_add(&t, options.root);
    while (t.length > 0 && out[t.length - 1] == '/') {
        t.length--;
    }
    text_add(&t, path);
    if (path[strlen(path) - 1] == '/') {
        text_add(&t, "index.html");
    }
    if (packed) {
        text_add(&t, ".gz");
    }
    out[t.length] = '\0';
    return !t.cut;
}

static int status_of_errno(void)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EISDIR:
    case ENXIO:
        return 404;
    case EACCES:
    case EPERM:
        return 403;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return 503;
    default:
        return 500;
    }
}

static void identify(const struct stat *st, uint64_t identity[3])
{
    identity[0] = (uint64_t)st->st_size;
    identity[1] = (uint64_t)st->st_mtim.tv_sec * 1000000000 + (uint64_t)st->st_mtim.tv_nsec;
    identity[2] = (uint64_t)st->st_ino;
}

static bool is_ascii(const char *body, uint64_t size)
{
    unsigned char all = 0;

    for (uint64_t i = 0; i < size; i++) {
        all |= (unsigned char)body[i];
    }
    return all < 0x80;
}

/* Every byte here is paid for by each answer. @body is NULL if it is not in memory. */
static void write_header(struct text *t, const struct entry *e, const char *body)
{
    char date[FIELDS_DATE_LENGTH];

    text_add(t, STATUS_LINE);
    text_bytes(t, server_date, FIELDS_DATE_LENGTH);
    text_add(t, "\r\nContent-Type: ");
    text_add(t, e->type);
    text_add(t, e->charset);
    text_add(t, "\r\nContent-Length: ");
    text_number(t, e->size, 1);
    text_add(t, "\r\nETag: ");
    text_add(t, e->tag);
    /* A sum of the bytes says all that a date could. */
    if (body == NULL) {
        text_add(t, "\r\nLast-Modified: ");
        field_write_date(e->modified, date);
        text_bytes(t, date, FIELDS_DATE_LENGTH);
    }
    if (e->packed) {
        text_add(t, "\r\nContent-Encoding: gzip");
    }
    if (e->packed || e->gzip != NULL) {
        text_add(t, "\r\nVary: Accept-Encoding");
    }
    /* What is small nobody wants in parts. */
    text_add(t, body == NULL ? "\r\nAccept-Ranges: bytes\r\n\r\n" : "\r\n\r\n");
}

/* Of a body in memory the sum tells any two apart; of a large file size and time have to do. */
static void make_tag(struct entry *e, const char *body)
{
    struct text t = text_in(e->tag, sizeof(e->tag) - 1);

    text_add(&t, "\"");
    text_hex(&t, e->size, 1);
    text_add(&t, "-");
    text_hex(&t, body != NULL ? crc32_update(0, body, e->size) : e->identity[1], 1);
    text_add(&t, e->packed ? "g\"" : "\"");
}

/* Date, type, tag and so on, and behind them the body if it is small; @body is NULL to read it from the file. */
static bool make_blob(struct entry *e, const char *body)
{
    bool small = body != NULL || e->size <= options.small_file;
    char header[HEADER_ROOM];
    struct text t = text_in(header, sizeof(header));

    e->blob = malloc(HEADER_ROOM + (small ? e->size : 0));
    if (e->blob == NULL) {
        return false;
    }
    if (body != NULL) {
        memcpy(e->blob + HEADER_ROOM, body, e->size);
    } else if (small && pread(e->fd, e->blob + HEADER_ROOM, e->size, 0) != (ssize_t)e->size) {
        return false; /* it changes under our eyes */
    }
    const char *kept = small ? e->blob + HEADER_ROOM : NULL;
    bool plain = !uri_mime_is_text(e->type) || (small && !e->packed && is_ascii(kept, e->size));

    e->charset = plain ? "" : "; charset=utf-8";
    make_tag(e, kept);
    write_header(&t, e, kept);
    if (t.cut) {
        return false;
    }
    memcpy(e->blob, header, t.length);
    e->head_length = (uint32_t)t.length;
    e->date_second = server_second;
    if (small) {
        memmove(e->blob + t.length, e->blob + HEADER_ROOM, e->size);
        e->kept_body = (uint32_t)e->size;
        if (e->fd >= 0) {
            close(e->fd);
            e->fd = -1;
        }
    }
    return true;
}

static struct entry *new_entry(const char *path, uint32_t hash, bool packed)
{
    struct entry *e = calloc(1, sizeof(*e) + strlen(path) + 1);

    if (e != NULL) {
        strcpy(e->path, path);
        e->hash = hash;
        e->packed = packed;
        e->fd = -1;
        e->refs = 1;
        e->checked_second = server_second;
        e->charset = "";
        e->type = uri_mime(path[strlen(path) - 1] == '/' ? "index.html" : path);
    }
    return e;
}

/* What "/" shows when there is no file for it. */
static int make_builtin(uint32_t hash, struct entry **out)
{
    struct entry *e = new_entry("/", hash, false);

    if (e == NULL) {
        return 503;
    }
    e->size = (uint64_t)(builtin_page_end - builtin_page);
    e->modified = (int64_t)server_second;
    e->identity[0] = e->size;
    e->identity[1] = crc32_update(0, builtin_page, e->size);
    e->identity[2] = UINT64_MAX;
    if (!make_blob(e, builtin_page)) {
        files_put(e);
        return 503;
    }
    *out = e;
    return 0;
}

int entry_make(const char *path, uint32_t hash, bool packed, struct entry **out)
{
    char full[HTTPD_PATH_MAX + 512];
    struct stat st;

    if (!full_path(full, sizeof(full), path, packed)) {
        return 404;
    }
    int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &st) != 0) {
        int status = status_of_errno();

        if (fd >= 0) {
            close(fd);
        } else if (errno == EISDIR && !packed) {
            return path[strlen(path) - 1] != '/' ? 301 : 404;
        }
        return status == 404 && !packed && strcmp(path, "/") == 0 ? make_builtin(hash, out) : status;
    }
    struct entry *e = S_ISREG(st.st_mode) ? new_entry(path, hash, packed) : NULL;

    if (e == NULL) {
        close(fd);
        return S_ISREG(st.st_mode) ? 503 : S_ISDIR(st.st_mode) && path[strlen(path) - 1] != '/' ? 301 : 404;
    }
    e->fd = fd;
    e->size = (uint64_t)st.st_size;
    e->modified = st.st_mtim.tv_sec;
    identify(&st, e->identity);
    if (!packed && entry_make(path, hash, true, &e->gzip) != 0) {
        e->gzip = NULL;
    }
    if (!make_blob(e, NULL)) {
        files_put(e);
        return 503;
    }
    *out = e;
    return 0;
}

/* Whether the file system has the same file, and the same packed sibling or none. */
bool entry_unchanged(struct entry *e)
{
    char full[HTTPD_PATH_MAX + 512];
    struct stat st;
    uint64_t identity[3] = {0};

    if (!full_path(full, sizeof(full), e->path, e->packed)) {
        return false;
    }
    bool there = stat(full, &st) == 0 && S_ISREG(st.st_mode);

    if (e->identity[2] == UINT64_MAX) {
        return !there;
    }
    if (!there) {
        return false;
    }
    identify(&st, identity);
    if (memcmp(identity, e->identity, sizeof(identity)) != 0) {
        return false;
    }
    if (e->packed) {
        return true;
    }
    if (e->gzip != NULL) {
        return entry_unchanged(e->gzip);
    }
    return !full_path(full, sizeof(full), e->path, true) || stat(full, &st) != 0 || !S_ISREG(st.st_mode);
}

const char *files_dated(struct entry *e)
{
    if (e->date_second != server_second) {
        memcpy(e->blob + DATE_AT, server_date, FIELDS_DATE_LENGTH);
        e->date_second = server_second;
    }
    return e->blob;
}
