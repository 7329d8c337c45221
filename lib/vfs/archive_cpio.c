// SPDX-License-Identifier: MIT
/*
 * cpio, newc format (SVR4, with or without checksums, which are not looked at). Owns nothing. Also knows which kind of archive lies
 * somewhere.
 */
#include "archive.h"

#include <xenolith/errno.h>
#include <xenolith/string.h>

#define FIELD 8

/** struct header - Hexadecimal text. Name and data follow, each padded to four bytes from the archive's start. */
struct header {
    char magic[6];
    char ino[FIELD], mode[FIELD], uid[FIELD], gid[FIELD], nlink[FIELD], mtime[FIELD], size[FIELD];
    char dev_major[FIELD], dev_minor[FIELD], device_major[FIELD], device_minor[FIELD], name_bytes[FIELD],
        check[FIELD];
};
_Static_assert(sizeof(struct header) == 110, "a header of newc");

#define MODE_KIND      0170000u
#define MODE_DIRECTORY 0040000u
#define MODE_REGULAR   0100000u
#define MODE_SYMLINK   0120000u

static const char trailer[] = "TRAILER!!!";

bool cpio_is_header(const struct archive *a)
{
    const char *at = a->start + a->at;

    return a->bytes - a->at >= sizeof(struct header) &&
           (memcmp(at, "070701", 6) == 0 || memcmp(at, "070702", 6) == 0);
}

static bool read_hex(const char *field, uint32_t *out)
{
    uint32_t n = 0;

    for (size_t i = 0; i < FIELD; i++) {
        char c = field[i];

        if (c >= '0' && c <= '9') {
            n = n << 4 | (uint32_t)(c - '0');
        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            n = n << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
        } else {
            return false;
        }
    }
    *out = n;
    return true;
}

static enum archive_kind kind_of(uint32_t mode)
{
    switch (mode & MODE_KIND) {
    case MODE_REGULAR:
        return MEMBER_FILE;
    case MODE_DIRECTORY:
        return MEMBER_DIRECTORY;
    case MODE_SYMLINK:
        return MEMBER_SYMLINK;
    default:
        return MEMBER_OTHER;
    }
}

/* Reads what is in the header; false when a field is no number. */
static bool read_fields(const struct header *h, struct member *out, uint32_t *name_bytes, uint32_t *size)
{
    uint32_t ino, mode, nlink, mtime, major, minor;

    if (!read_hex(h->ino, &ino) || !read_hex(h->mode, &mode) || !read_hex(h->uid, &out->owner) ||
        !read_hex(h->gid, &out->group) || !read_hex(h->nlink, &nlink) || !read_hex(h->mtime, &mtime) ||
        !read_hex(h->size, size) || !read_hex(h->dev_major, &major) || !read_hex(h->dev_minor, &minor) ||
        !read_hex(h->name_bytes, name_bytes)) {
        return false;
    }
    out->kind = kind_of(mode);
    out->permissions = mode & 07777;
    out->modified_s = mtime;
    if (nlink > 1 && out->kind == MEMBER_FILE) {
        /* Never 0; two devices whose numbers meet here would be a strange archive. */
        out->identity = (uint64_t)(major * 256 + minor + 1) << 32 | ino;
    }
    return true;
}

/* Several archives may follow one another, with zeros between them. */
static int skip_to_next_archive(struct archive *a)
{
    while (a->at < a->bytes && a->start[a->at] == '\0') {
        a->at++;
    }
    return cpio_is_header(a) ? 1 : 0;
}

int cpio_next(struct archive *a, struct member *out)
{
    for (;;) {
        const struct header *h = (const void *)(a->start + a->at);
        uint64_t data_at, name_at = a->at + sizeof(*h);
        uint32_t name_bytes, size;

        *out = (struct member){0};
        if (a->at == a->bytes) {
            return 0;
        }
        if (!cpio_is_header(a) || !read_fields(h, out, &name_bytes, &size)) {
            return -EINVAL;
        }
        data_at = MIN(ALIGN_UP(name_at + name_bytes, (uint64_t)4), a->bytes);
        if (name_bytes == 0 || name_at + name_bytes > a->bytes || size > a->bytes - data_at ||
            a->start[name_at + name_bytes - 1] != '\0') {
            return -EINVAL;
        }
        out->name = (struct text){a->start + name_at, strnlen(a->start + name_at, name_bytes)};
        out->data = (struct text){a->start + data_at, size};
        a->at = MIN(ALIGN_UP(data_at + size, (uint64_t)4), a->bytes);
        if (out->name.length != sizeof(trailer) - 1 ||
            memcmp(out->name.start, trailer, sizeof(trailer) - 1) != 0) {
            if (out->kind == MEMBER_SYMLINK) {
                out->target = out->data;
                out->data.length = 0;
            }
            return 1;
        }
        if (skip_to_next_archive(a) == 0) {
            return 0;
        }
    }
}

int archive_open(struct archive *a, const void *start, size_t bytes)
{
    *a = (struct archive){.start = start, .bytes = bytes};
    if (cpio_is_header(a)) {
        a->next = cpio_next;
    } else if (tar_is_header(a)) {
        a->next = tar_next;
    } else {
        return -EINVAL;
    }
    return 0;
}
