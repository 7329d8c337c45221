// SPDX-License-Identifier: MIT
/*
 * The values of header fields that the server acts on: dates, entity tags, ranges, accepted codings (RFC 9110). Pure
 * functions over bytes.
 */
#ifndef HTTPD_FIELDS_H
#define HTTPD_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIELDS_DATE_LENGTH 29 /* "Sun, 06 Nov 1994 08:49:37 GMT" */
#define FIELDS_MAX_RANGES  16

struct range {
    uint64_t first, last; /* inclusive */
};

/** field_write_date() - @seconds since 1970 as IMF-fixdate: FIELDS_DATE_LENGTH bytes, no zero behind them. */
void field_write_date(int64_t seconds, char out[FIELDS_DATE_LENGTH]);

/** field_read_date() - Any of the three forms of RFC 9110, 5.6.7. Return: seconds since 1970, or -1. */
int64_t field_read_date(const char *value, size_t length);

/**
 * field_has_tag() - Whether a list of entity tags holds @tag (with its quotes), or is "*".
 * @weak: Compare weakly: W/"x" is as good as "x".
 */
bool field_has_tag(const char *value, size_t length, const char *tag, bool weak);

/**
 * field_read_ranges() - The satisfiable ranges of a body of @size bytes.
 * Return: how many; 0: the field is to be ignored (another unit, malformed, more than FIELDS_MAX_RANGES, or more bytes than
 * the body has); -1: none can be satisfied.
 */
int field_read_ranges(const char *value, size_t length, uint64_t size, struct range out[FIELDS_MAX_RANGES]);

/** field_accepts_gzip() - Whether Accept-Encoding names gzip (or *) with a weight above zero. */
bool field_accepts_gzip(const char *value, size_t length);

/** field_is() - Equal without regard to case. */
bool field_is(const char *value, size_t length, const char *word);

#endif
