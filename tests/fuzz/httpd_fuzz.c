// SPDX-License-Identifier: MIT
/* What apps/httpd itself makes of a request's bytes: targets, dates, entity tags, ranges, accepted codings. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../apps/httpd/fields.h"
#include "../../apps/httpd/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

/* A path is absolute, decoded once, and names nothing above the root. */
static void check_path(const char *bytes, size_t length)
{
    char path[64];
    int made = uri_path(bytes, length, path, sizeof(path));

    if (made < 0) {
        return;
    }
    require(made > 0 && (size_t)made < sizeof(path) && path[0] == '/' && strlen(path) == (size_t)made);
    require(strstr(path, "/../") == NULL && strstr(path, "//") == NULL && strstr(path, "/./") == NULL);
    require(made < 3 || strcmp(path + made - 3, "/..") != 0);
    require(uri_mime(path) != NULL);
    (void)uri_hidden(path);
}

static void check_ranges(const char *bytes, size_t length, uint64_t size)
{
    struct range ranges[FIELDS_MAX_RANGES];
    int count = field_read_ranges(bytes, length, size, ranges);

    require(count >= -1 && count <= FIELDS_MAX_RANGES);
    for (int i = 0; i < count; i++) {
        require(ranges[i].first <= ranges[i].last && ranges[i].last < size);
    }
}

/* What is written is read back as what it was. */
static void check_date(const char *bytes, size_t length)
{
    char date[FIELDS_DATE_LENGTH];
    int64_t seconds = field_read_date(bytes, length);

    require(seconds >= -1);
    if (seconds >= 0 && seconds < INT64_C(253402300800)) {
        field_write_date(seconds, date);
        require(field_read_date(date, sizeof(date)) == seconds);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Exactly as long as it is: what is read behind it is seen. */
    char *bytes = malloc(size > 0 ? size : 1);

    memcpy(bytes, data, size);
    check_path(bytes, size);
    check_ranges(bytes, size, size > 3 ? data[size - 1] : 0);
    check_ranges(bytes, size, UINT64_MAX / 2);
    check_date(bytes, size);
    (void)field_has_tag(bytes, size, "\"tag\"", size & 1);
    (void)field_accepts_gzip(bytes, size);
    free(bytes);
    return 0;
}
