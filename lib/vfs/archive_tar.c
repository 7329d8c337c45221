// SPDX-License-Identifier: MIT
/*
 * tar: ustar's headers, what GNU tar and pax put in front of them for long names and large files. Owns nothing.
 */
#include "archive.h"

#include <xenolith/errno.h>
#include <xenolith/string.h>

#define BLOCK 512

/** struct header - One block. Numbers are octal text, or with the first bit set big-endian. */
struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, target[100], magic[6],
        version[2];
    char user[32], group[32], major[8], minor[8], prefix[155], padding[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

/** struct overrides - What came in front of a member's own header. */
struct overrides {
    struct text name, target;
    bool has_size, has_mtime;
    uint64_t size, mtime;
};

static bool is_digit(char c, unsigned int base)
{
    return c >= '0' && c < '0' + (int)base;
}

static uint64_t number_of(const char *field, size_t length)
{
    uint64_t n = 0;
    size_t i = 0;

    if ((field[0] & 0x80) != 0) {
        n = (unsigned char)field[0] & 0x3f;
        for (i = 1; i < length; i++) {
            if (n >> 55 != 0) {
                return UINT64_MAX;
            }
            n = n << 8 | (unsigned char)field[i];
        }
        return n;
    }
    while (i < length && field[i] == ' ') {
        i++;
    }
    for (; i < length && is_digit(field[i], 8); i++) {
        n = n << 3 | (uint64_t)(field[i] - '0');
    }
    return n;
}

/* Historic tars added the bytes up as signed ones. */
static bool checksum_fits(const struct header *h)
{
    const unsigned char *bytes = (const unsigned char *)h;
    uint64_t wanted = number_of(h->checksum, sizeof(h->checksum));
    uint32_t sum = 0;
    int32_t signed_sum = 0;

    for (size_t i = 0; i < BLOCK; i++) {
        bool in_field = i >= offsetof(struct header, checksum) && i < offsetof(struct header, type);
        unsigned char byte = in_field ? ' ' : bytes[i];

        sum += byte;
        signed_sum += (signed char)byte;
    }
    return wanted == sum || wanted == (uint32_t)signed_sum;
}

static bool is_zero_block(const char *block)
{
    for (size_t i = 0; i < BLOCK; i++) {
        if (block[i] != '\0') {
            return false;
        }
    }
    return true;
}

bool tar_is_header(const struct archive *a)
{
    return a->bytes - a->at >= BLOCK &&
           (is_zero_block(a->start + a->at) || checksum_fits((const void *)(a->start + a->at)));
}

static struct text text_of(const char *field, size_t limit)
{
    return (struct text){field, strnlen(field, limit)};
}

/* The decimal number at *@at, which moves behind it. */
static uint64_t decimal(const char **at, const char *end)
{
    uint64_t n = 0;

    for (; *at < end && is_digit(**at, 10); (*at)++) {
        if (n > UINT64_MAX / 10 - 1) {
            n = UINT64_MAX / 10 - 1;
        }
        n = n * 10 + (uint64_t)(**at - '0');
    }
    return n;
}

static bool key_is(const char *key, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(key, word, length) == 0;
}

/* "LENGTH KEY=VALUE\n", again and again; what does not look so ends it. */
static void read_pax(struct text records, struct overrides *o)
{
    const char *at = records.start, *end = at + records.length;

    while (at < end) {
        const char *record = at, *key, *equals, *value;
        uint64_t length = decimal(&at, end);
        struct text text;

        if (at == end || *at != ' ' || length > (uint64_t)(end - record) ||
            length < (uint64_t)(at + 2 - record) || record[length - 1] != '\n') {
            return;
        }
        key = at + 1;
        at = record + length;
        equals = memchr(key, '=', (size_t)(at - key));
        if (equals == NULL) {
            return;
        }
        value = equals + 1;
        text = (struct text){value, (size_t)(at - 1 - value)};
        if (key_is(key, (size_t)(equals - key), "path")) {
            o->name = text;
        } else if (key_is(key, (size_t)(equals - key), "linkpath")) {
            o->target = text;
        } else if (key_is(key, (size_t)(equals - key), "size")) {
            o->size = decimal(&value, at);
            o->has_size = true;
        } else if (key_is(key, (size_t)(equals - key), "mtime")) {
            o->mtime = decimal(&value, at);
            o->has_mtime = true;
        }
    }
}

/* The name of the header itself: POSIX' ustar splits a long one in two. */
static struct text own_name(struct archive *a, const struct header *h)
{
    struct text name = text_of(h->name, sizeof(h->name));
    struct text prefix = text_of(h->prefix, sizeof(h->prefix));

    if (memcmp(h->magic, "ustar", 6) != 0 || prefix.length == 0) {
        return name;
    }
    memcpy(a->joined, prefix.start, prefix.length);
    a->joined[prefix.length] = '/';
    memcpy(a->joined + prefix.length + 1, name.start, name.length);
    return (struct text){a->joined, prefix.length + 1 + name.length};
}

static enum archive_kind kind_of(char type, struct text name)
{
    switch (type) {
    case '0':
    case '\0':
    case '7':
        /* Before ustar a directory was a file with a slash behind its name. */
        return name.length > 0 && name.start[name.length - 1] == '/' ? MEMBER_DIRECTORY : MEMBER_FILE;
    case '1':
        return MEMBER_HARD_LINK;
    case '2':
        return MEMBER_SYMLINK;
    case '5':
        return MEMBER_DIRECTORY;
    default:
        return MEMBER_OTHER;
    }
}

static void fill_member(struct archive *a, const struct header *h, const struct overrides *o,
                        struct member *out)
{
    *out = (struct member){
        .name = o->name.start != NULL ? o->name : own_name(a, h),
        .target = o->target.start != NULL ? o->target : text_of(h->target, sizeof(h->target)),
        .permissions = (uint32_t)number_of(h->mode, sizeof(h->mode)) & 07777,
        .owner = (uint32_t)number_of(h->uid, sizeof(h->uid)),
        .group = (uint32_t)number_of(h->gid, sizeof(h->gid)),
        .modified_s = o->has_mtime ? o->mtime : number_of(h->mtime, sizeof(h->mtime)),
    };
    out->kind = kind_of(h->type, out->name);
}

/* Links, directories and devices have no data, whatever their size says. */
static bool has_data(char type)
{
    return type < '1' || type > '6';
}

int tar_next(struct archive *a, struct member *out)
{
    struct overrides o = {0};

    for (;;) {
        const struct header *h = (const void *)(a->start + a->at);
        size_t left = a->bytes - a->at;
        struct text data = {a->start + a->at + BLOCK, 0};
        uint64_t size;

        if (left < BLOCK) {
            return left == 0 ? 0 : -EINVAL;
        }
        if (is_zero_block((const char *)h)) {
            return 0;
        }
        if (!checksum_fits(h)) {
            return -EINVAL;
        }
        left -= BLOCK;
        size = number_of(h->size, sizeof(h->size));
        if (o.has_size && h->type != 'x' && h->type != 'g') {
            size = o.size;
        }
        if (!has_data(h->type)) {
            size = 0;
        }
        if (size > left) {
            return -EINVAL;
        }
        data.length = size;
        /* The last block of a cut archive may lack its padding. */
        a->at += BLOCK + MIN(left, ALIGN_UP(size, (uint64_t)BLOCK));
        if (h->type == 'L') {
            o.name = text_of(data.start, data.length);
        } else if (h->type == 'K') {
            o.target = text_of(data.start, data.length);
        } else if (h->type == 'x') {
            read_pax(data, &o);
        } else if (h->type != 'g') {
            fill_member(a, h, &o, out);
            out->data = data;
            return 1;
        }
    }
}
