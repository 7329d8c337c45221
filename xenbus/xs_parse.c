// SPDX-License-Identifier: MIT
/*
 * Making sense of reply payloads. Pure: no state, no memory, nothing but the bytes passed in.
 * ABI: xen/io/xs_wire.h, struct xsd_errors.
 */
#include "xs_priv.h"

#include <xenolith/errno.h>
#include <xenolith/string.h>

/* The names that xs_wire.h lists. */
static const struct {
    char name[10];
    int number;
} xs_errors[] = {
    {"EINVAL", EINVAL}, {"EACCES", EACCES}, {"EEXIST", EEXIST},       {"EISDIR", EISDIR},
    {"ENOENT", ENOENT}, {"ENOMEM", ENOMEM}, {"ENOSPC", ENOSPC},       {"EIO", EIO},
    {"ENOSYS", ENOSYS}, {"EROFS", EROFS},   {"ENOTEMPTY", ENOTEMPTY}, {"EBUSY", EBUSY},
    {"EAGAIN", EAGAIN}, {"E2BIG", E2BIG},   {"EISCONN", EISCONN},     {"EPERM", EPERM},
};

int xs_parse_string(const char *body, size_t len)
{
    if (len == 0 || memchr(body, '\0', len) != body + len - 1) {
        return -EPROTO;
    }
    return 0;
}

int xs_parse_error(const char *body, size_t len)
{
    if (xs_parse_string(body, len) != 0) {
        return -EPROTO;
    }
    for (size_t i = 0; i < ARRAY_SIZE(xs_errors); i++) {
        if (strcmp(body, xs_errors[i].name) == 0) {
            return -xs_errors[i].number;
        }
    }
    return -EPROTO;
}

int xs_parse_ok(const char *body, size_t len)
{
    return len == sizeof("OK") && memcmp(body, "OK", sizeof("OK")) == 0 ? 0 : -EPROTO;
}

int xs_parse_decimal(const char *text, size_t len, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;

    if (len == 0) {
        return -EINVAL;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned int digit = (unsigned int)(unsigned char)text[i] - '0';

        if (digit > 9 || digit > max || sum > (max - digit) / 10) {
            return -EINVAL;
        }
        sum = sum * 10 + digit;
    }
    *value = sum;
    return 0;
}

long xs_parse_names(const char *body, size_t len)
{
    long nr = 0;

    if (len != 0 && body[len - 1] != '\0') {
        return -EPROTO;
    }
    while (len != 0) {
        size_t name = strlen(body);

        if (name == 0 || memchr(body, '/', name) != NULL) {
            return -EPROTO;
        }
        body += name + 1;
        len -= name + 1;
        nr++;
    }
    return nr;
}

int xs_parse_perm(const char *text, size_t len, struct xs_perm *perm)
{
    uint64_t domid;

    if (len < 2 || memchr("nrwb", text[0], 4) == NULL ||
        xs_parse_decimal(text + 1, len - 1, UINT16_MAX, &domid) != 0) {
        return -EPROTO;
    }
    perm->access = text[0];
    perm->domid = (domid_t)domid;
    return 0;
}

bool xs_path_is_below(const char *path, const char *parent)
{
    size_t len = strlen(parent);

    if (strcmp(parent, "/") == 0) {
        return path[0] == '/';
    }
    return strncmp(path, parent, len) == 0 && (path[len] == '/' || path[len] == '\0');
}
