// SPDX-License-Identifier: MIT
/*
 * From a request's target to a path: pure functions over bytes, that know no connection and no file.
 */
#ifndef HTTPD_URI_H
#define HTTPD_URI_H

#include <stdbool.h>
#include <stddef.h>

/**
 * uri_path() - The path of an origin-form or absolute-form target, percent-decoded, without "//", "." and "..", zero-terminated.
 * @out: @size bytes. Starts with '/'; ends with one only if the target's path does.
 * Return: its length, or -1: not a path, a bad escape, a control character, above the root, too long.
 */
int uri_path(const char *target, size_t length, char *out, size_t size);

/** uri_hidden() - Whether a part of @path starts with a dot (".well-known" aside): such files are not shown. */
bool uri_hidden(const char *path);

/** uri_mime() - The media type by the name's extension, without a charset. */
const char *uri_mime(const char *path);

/** uri_mime_is_text() - Whether a charset belongs to it, unless the bytes are the same in all. */
bool uri_mime_is_text(const char *type);

#endif
