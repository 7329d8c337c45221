// SPDX-License-Identifier: MIT
/*
 * Request targets. See uri.h. Decoding comes first and normalising second, byte by byte, so an escaped dot or slash
 * cannot pass as anything else.
 */
#include <string.h>

#include "uri.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Past "http://host" of the absolute form; NULL if there is no path to be seen. */
static const char *path_start(const char *target, const char *end)
{
    static const char *const schemes[] = {"http://", "https://"};

    if (target < end && *target == '/') {
        return target;
    }
    for (unsigned int i = 0; i < 2; i++) {
        size_t length = strlen(schemes[i]);

        if ((size_t)(end - target) > length && strncasecmp(target, schemes[i], length) == 0) {
            const char *at = target + length;

            while (at < end && *at != '/' && *at != '?') {
                at++;
            }
            return at;
        }
    }
    return NULL;
}

/* The part that ends at @length is complete: "." goes, ".." takes the one before it along. -1: above the root. */
static int close_part(const char *out, int length)
{
    int start = length;

    while (out[start - 1] != '/') {
        start--;
    }
    if (length - start == 1 && out[start] == '.') {
        return start;
    }
    if (length - start == 2 && out[start] == '.' && out[start + 1] == '.') {
        if (start == 1) {
            return -1;
        }
        for (start--; out[start - 1] != '/'; start--) {
        }
        return start;
    }
    return length;
}

int uri_path(const char *target, size_t length, char *out, size_t size)
{
    const char *end = target + length, *at = path_start(target, end);
    int made = 0;

    if (at == NULL || size < 2) {
        return -1;
    }
    out[made++] = '/';
    for (; at < end && *at != '?' && *at != '#'; at++) {
        unsigned char c = (unsigned char)*at;

        if (c == '%') {
            int high = end - at > 2 ? hex_digit(at[1]) : -1, low = end - at > 2 ? hex_digit(at[2]) : -1;

            if (high < 0 || low < 0) {
                return -1;
            }
            c = (unsigned char)(high << 4 | low);
            at += 2;
        }
        if (c < 0x20 || c == 0x7f || (size_t)made + 2 > size) {
            return -1;
        }
        if (c == '/') {
            made = close_part(out, made);
            if (made < 0) {
                return -1;
            }
            if (out[made - 1] == '/') {
                continue;
            }
        }
        out[made++] = (char)c;
    }
    made = close_part(out, made);
    if (made < 0) {
        return -1;
    }
    out[made] = '\0';
    return made;
}

bool uri_hidden(const char *path)
{
    for (const char *at = strstr(path, "/."); at != NULL; at = strstr(at + 1, "/.")) {
        if (strncmp(at, "/.well-known", 12) != 0 || (at[12] != '/' && at[12] != '\0')) {
            return true;
        }
    }
    return false;
}

bool uri_mime_is_text(const char *type)
{
    return strncmp(type, "text/", 5) == 0;
}

const char *uri_mime(const char *path)
{
    static const struct {
        const char *extension, *type;
    } types[] = {
        {"html", "text/html"},
        {"htm", "text/html"},
        {"css", "text/css"},
        {"js", "text/javascript"},
        {"mjs", "text/javascript"},
        {"json", "application/json"},
        {"txt", "text/plain"},
        {"md", "text/markdown"},
        {"csv", "text/csv"},
        {"xml", "application/xml"},
        {"svg", "image/svg+xml"},
        {"png", "image/png"},
        {"jpg", "image/jpeg"},
        {"jpeg", "image/jpeg"},
        {"gif", "image/gif"},
        {"webp", "image/webp"},
        {"avif", "image/avif"},
        {"ico", "image/x-icon"},
        {"woff", "font/woff"},
        {"woff2", "font/woff2"},
        {"ttf", "font/ttf"},
        {"mp3", "audio/mpeg"},
        {"ogg", "audio/ogg"},
        {"mp4", "video/mp4"},
        {"webm", "video/webm"},
        {"pdf", "application/pdf"},
        {"wasm", "application/wasm"},
        {"gz", "application/gzip"},
        {"tar", "application/x-tar"},
        {"zip", "application/zip"},
        {"webmanifest", "application/manifest+json"},
    };
    const char *name = strrchr(path, '/'), *dot = strrchr(name != NULL ? name : path, '.');

    for (unsigned int i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcasecmp(dot + 1, types[i].extension) == 0) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}
