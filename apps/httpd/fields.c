// SPDX-License-Identifier: MIT
/*
 * Header field values. See fields.h.
 */
#include <string.h>

#include "fields.h"

struct cursor {
    const char *at, *end;
};

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char days[] = "ThuFriSatSunMonTueWed"; /* 1970 began with a Thursday */

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static void skip_spaces(struct cursor *c)
{
    while (c->at < c->end && is_space(*c->at)) {
        c->at++;
    }
}

static bool take(struct cursor *c, const char *literal)
{
    size_t length = strlen(literal);

    if ((size_t)(c->end - c->at) < length || memcmp(c->at, literal, length) != 0) {
        return false;
    }
    c->at += length;
    return true;
}

/* Exactly @digits digits; -1 if there are others. */
static int take_digits(struct cursor *c, int digits)
{
    int value = 0;

    if (c->end - c->at < digits) {
        return -1;
    }
    for (int i = 0; i < digits; i++) {
        if (c->at[i] < '0' || c->at[i] > '9') {
            return -1;
        }
        value = value * 10 + (c->at[i] - '0');
    }
    c->at += digits;
    return value;
}

static int take_month(struct cursor *c)
{
    for (int i = 0; c->end - c->at >= 3 && i < 12; i++) {
        if (memcmp(c->at, months + 3 * i, 3) == 0) {
            c->at += 3;
            return i;
        }
    }
    return -1;
}

/* Days since 1970 of a date in the Gregorian calendar; the year is made to begin in March, so leap days come last. */
static int64_t days_from_date(int64_t year, int month, int day)
{
    year -= month < 2;
    int64_t era = year / 400, in_era = year - era * 400;
    int64_t in_year = (153 * (month + (month > 1 ? -2 : 10)) + 2) / 5 + day - 1;

    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static void two_digits(char *out, int value)
{
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
}

void field_write_date(int64_t seconds, char out[FIELDS_DATE_LENGTH])
{
    int64_t day = seconds / 86400, z = day + 719468, era = z / 146097, in_era = z - era * 146097;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - year / 100), shifted = (5 * in_year + 2) / 153;
    int month = (int)(shifted < 10 ? shifted + 2 : shifted - 10), second = (int)(seconds % 86400);
    int date = (int)(in_year - (153 * shifted + 2) / 5 + 1);

    year += era * 400 + (month < 2);
    memcpy(out, "Thu, 01 Jan 1970 00:00:00 GMT", FIELDS_DATE_LENGTH);
    memcpy(out, days + 3 * (day % 7), 3);
    two_digits(out + 5, date);
    memcpy(out + 8, months + 3 * month, 3);
    two_digits(out + 12, (int)(year / 100) % 100);
    two_digits(out + 14, (int)(year % 100));
    two_digits(out + 17, second / 3600);
    two_digits(out + 20, second / 60 % 60);
    two_digits(out + 23, second % 60);
}

static bool take_time(struct cursor *c, int *seconds)
{
    int hour = take_digits(c, 2), minute, second;

    if (hour < 0 || hour > 23 || !take(c, ":") || (minute = take_digits(c, 2)) < 0 || minute > 59 ||
        !take(c, ":") || (second = take_digits(c, 2)) < 0 || second > 60) {
        return false;
    }
    *seconds = hour * 3600 + minute * 60 + second;
    return true;
}

int64_t field_read_date(const char *value, size_t length)
{
    struct cursor c = {value, value + length};
    int day, month, year, seconds;

    while (c.at < c.end && ((*c.at | 0x20) >= 'a' && (*c.at | 0x20) <= 'z')) {
        c.at++;
    }
    if (take(&c, ", ")) { /* "Sun, 06 Nov 1994 ..." or "Sunday, 06-Nov-94 ..." */
        day = take_digits(&c, 2);
        bool old = take(&c, "-");

        if (!old && !take(&c, " ")) {
            return -1;
        }
        month = take_month(&c);
        if (!take(&c, old ? "-" : " ")) {
            return -1;
        }
        year = take_digits(&c, old ? 2 : 4);
        if (old && year >= 0) {
            year += year < 70 ? 2000 : 1900;
        }
        if (!take(&c, " ") || !take_time(&c, &seconds) || !take(&c, " GMT")) {
            return -1;
        }
    } else if (take(&c, " ")) { /* "Sun Nov  6 08:49:37 1994" */
        month = take_month(&c);
        if (!take(&c, " ")) {
            return -1;
        }
        day = take(&c, " ") ? take_digits(&c, 1) : take_digits(&c, 2);
        if (!take(&c, " ") || !take_time(&c, &seconds) || !take(&c, " ")) {
            return -1;
        }
        year = take_digits(&c, 4);
    } else {
        return -1;
    }
    if (c.at != c.end || day < 1 || day > 31 || month < 0 || year < 1970) {
        return -1;
    }
    return days_from_date(year, month, day) * 86400 + seconds;
}

bool field_has_tag(const char *value, size_t length, const char *tag, bool weak)
{
    struct cursor c = {value, value + length};
    size_t tag_length = strlen(tag);

    skip_spaces(&c);
    if (c.end - c.at >= 1 && *c.at == '*') {
        return true;
    }
    while (c.at < c.end) {
        while (c.at < c.end && (is_space(*c.at) || *c.at == ',')) {
            c.at++;
        }
        bool is_weak = take(&c, "W/");

        if (c.at == c.end || *c.at != '"') {
            return false;
        }
        const char *close = memchr(c.at + 1, '"', (size_t)(c.end - c.at) - 1);

        if (close == NULL) {
            return false;
        }
        if ((weak || !is_weak) && (size_t)(close + 1 - c.at) == tag_length &&
            memcmp(c.at, tag, tag_length) == 0) {
            return true;
        }
        c.at = close + 1;
    }
    return false;
}

/* Digits; *there tells whether there were any. A number beyond 2^63 is as good as the largest. */
static uint64_t take_number(struct cursor *c, bool *there)
{
    uint64_t value = 0;

    *there = false;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        value = value > UINT64_MAX / 32 ? UINT64_MAX / 2 : value * 10 + (uint64_t)(*c->at - '0');
        *there = true;
    }
    return value;
}

int field_read_ranges(const char *value, size_t length, uint64_t size, struct range out[FIELDS_MAX_RANGES])
{
    struct cursor c = {value, value + length};
    uint64_t total = 0;
    int found = 0, asked = 0;

    if (length < 6 || strncasecmp(value, "bytes=", 6) != 0) {
        return 0;
    }
    c.at += 6;
    do {
        bool has_first, has_last;

        skip_spaces(&c);
        uint64_t first = take_number(&c, &has_first);

        if (!take(&c, "-")) {
            return 0;
        }
        uint64_t last = take_number(&c, &has_last);

        skip_spaces(&c);
        if ((!has_first && !has_last) || (has_first && has_last && last < first) ||
            ++asked > FIELDS_MAX_RANGES) {
            return 0;
        }
        if (!has_first) { /* the last so many bytes */
            first = last < size ? size - last : 0;
            if (last == 0) {
                continue;
            }
            last = size - 1;
        } else if (!has_last || last >= size) {
            last = size - 1;
        }
        if (first >= size) {
            continue;
        }
        out[found++] = (struct range){first, last};
        total += last - first + 1;
    } while (take(&c, ","));
    if (c.at != c.end) {
        return 0;
    }
    /* Overlapping ranges only serve to make us work: the whole body is cheaper. */
    if (found > 1 && total > size) {
        return 0;
    }
    return found > 0 ? found : -1;
}

bool field_is(const char *value, size_t length, const char *word)
{
    return length == strlen(word) && strncasecmp(value, word, length) == 0;
}

bool field_accepts_gzip(const char *value, size_t length)
{
    struct cursor c = {value, value + length};
    bool any = false;

    while (c.at < c.end) {
        const char *comma = memchr(c.at, ',', (size_t)(c.end - c.at));
        struct cursor part = {c.at, comma != NULL ? comma : c.end};

        c.at = comma != NULL ? comma + 1 : c.end;
        skip_spaces(&part);
        const char *word = part.at;

        while (part.at < part.end && !is_space(*part.at) && *part.at != ';') {
            part.at++;
        }
        size_t word_length = (size_t)(part.at - word);
        bool star = word_length == 1 && *word == '*';

        if (!star && !field_is(word, word_length, "gzip") && !field_is(word, word_length, "x-gzip")) {
            continue;
        }
        bool wanted = true;

        skip_spaces(&part);
        if (take(&part, ";")) {
            skip_spaces(&part);
            if (take(&part, "q=") || take(&part, "Q=")) {
                wanted = false; /* a weight of 0, 0., 0.000 refuses; any other digit wants */
                for (; part.at < part.end; part.at++) {
                    wanted = wanted || (*part.at >= '1' && *part.at <= '9');
                }
            }
        }
        if (!star) {
            return wanted;
        }
        any = wanted;
    }
    return any;
}
