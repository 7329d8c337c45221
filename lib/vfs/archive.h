// SPDX-License-Identifier: MIT
/*
 * Archives in memory, read member by member: tar (ustar, GNU's long names, pax) and cpio (newc). Whoever wrote the bytes is not
 * trusted: every length is held against the end of the archive. Nothing is copied but names that lie in two pieces.
 */
#ifndef ARCHIVE_H
#define ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include <xenolith/vfs.h>

/** struct text - Bytes somewhere in the archive; no NUL at the end. */
struct text {
    const char *start;
    size_t length;
};

enum archive_kind {
    MEMBER_FILE,
    MEMBER_DIRECTORY,
    MEMBER_SYMLINK,
    MEMBER_HARD_LINK, /* tar: to @target; its data is the target's */
    MEMBER_OTHER,     /* devices and the like */
};

/**
 * struct member - What archive_next() found.
 * @identity: cpio: files with the same one, not 0, are one file; the last of them carries the data.
 */
struct member {
    enum archive_kind kind;
    struct text name, target, data;
    uint32_t permissions, owner, group;
    uint64_t modified_s;
    uint64_t identity;
};

struct archive {
    const char *start;
    size_t bytes, at;
    int (*next)(struct archive *a, struct member *out);
    char joined[256 + 1]; /* ustar: prefix/name */
};

/** archive_open() - -EINVAL when it is neither tar nor cpio. */
int archive_open(struct archive *a, const void *start, size_t bytes);

/** archive_next() - 1; 0 at the end; -EINVAL when the rest cannot be read (a->at says where). @out is valid until the next call. */
static inline int archive_next(struct archive *a, struct member *out)
{
    return a->next(a, out);
}

int tar_next(struct archive *a, struct member *out);
int cpio_next(struct archive *a, struct member *out);

/** tar_is_header(), cpio_is_header() - Does a member's header start at a->at? */
bool tar_is_header(const struct archive *a);
bool cpio_is_header(const struct archive *a);

#endif
