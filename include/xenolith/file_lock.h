// SPDX-License-Identifier: MIT
/*
 * Advisory locks of open files: two descriptors of one open file never conflict, two open files of one file do. They end with the
 * open file. Threads; only file_lock_set() may block.
 */
#ifndef XENOLITH_FILE_LOCK_H
#define XENOLITH_FILE_LOCK_H

#include <xenolith/vfs.h>

enum file_lock_kind {
    FILE_LOCK_WHOLE, /* flock(): from 0 to UINT64_MAX */
    FILE_LOCK_RANGE, /* F_OFD_SETLK */
};

/** struct file_lock - Bytes @first to @last, both included. */
struct file_lock {
    enum file_lock_kind kind;
    bool exclusive;
    uint64_t first, last;
};

/** file_lock_set() - In place of what the file holds there. -EAGAIN on a conflict unless @may_wait; -ENOLCK: no memory. */
int file_lock_set(struct file *file, const struct file_lock *wanted, bool may_wait) MUST_CHECK;

/** file_lock_clear() - The file holds nothing of the range any more. -ENOLCK. */
int file_lock_clear(struct file *file, const struct file_lock *range) MUST_CHECK;

/** file_lock_test() - 1 and in *@out a lock of another open file that keeps this one from being set; 0: none. */
int file_lock_test(struct file *file, const struct file_lock *wanted, struct file_lock *out) MUST_CHECK;

/** file_lock_release() - The open file ends. Never blocks. */
void file_lock_release(struct file *file);

#endif
