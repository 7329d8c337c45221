// SPDX-License-Identifier: MIT
/*
 * Files by their paths, with Linux's rules and errors. A relative path starts at @at, or with NULL at the current directory.
 * There is one user, who may do everything; permissions are kept and shown. Threads; all may block.
 */
#ifndef XENOLITH_PATH_H
#define XENOLITH_PATH_H

#include <xenolith/fs.h>

#define PATH_LIMIT 4096 /* with the NUL */

enum path_flags {
    PATH_READ = FILE_READ,
    PATH_WRITE = FILE_WRITE,
    PATH_NONBLOCK = FILE_NONBLOCK,
    PATH_APPEND = FILE_APPEND,
    PATH_SYNC = FILE_SYNC,
    PATH_CREATE = 1 << 8,
    PATH_EXCLUSIVE = 1 << 9,
    PATH_TRUNCATE = 1 << 10,
    PATH_DIRECTORY = 1 << 11, /* must be one */
    PATH_NOFOLLOW = 1 << 12,  /* the last component is not followed if it is a symbolic link */
    PATH_NOREPLACE = 1 << 13, /* rename: -EEXIST if the new name names something */
};

/** path_open() - A file with one reference, for fd_install(). @permissions: of a file that is created. */
int path_open(struct node *at, const char *path, unsigned int flags, uint32_t permissions,
              struct file **out) MUST_CHECK;

/** path_node() - What is there, with a reference. @flags: PATH_NOFOLLOW or 0. */
int path_node(struct node *at, const char *path, unsigned int flags, struct node **out) MUST_CHECK;

/** path_create() - mkdir(), symlink(). */
int path_create(struct node *at, const char *path, const struct new_node *what);

/** path_link() - A further name. @flags: without PATH_NOFOLLOW a symbolic link at the end of @old is followed. */
int path_link(struct node *old_at, const char *old, struct node *at, const char *path, unsigned int flags);

/** path_unlink() - unlink(), or with @directory rmdir(). */
int path_unlink(struct node *at, const char *path, bool directory);

/** path_rename() - @flags: PATH_NOREPLACE or 0. */
int path_rename(struct node *at, const char *path, struct node *to_at, const char *to, unsigned int flags);

/** path_canonical() - realpath(): the absolute path of what is there, without links and dots. @buf: PATH_LIMIT bytes. */
int path_canonical(struct node *at, const char *path, char *buf);

/** node_change_checked(), node_resize() - For a node that may be anything: -EROFS, -EISDIR, -EINVAL as Linux says. */
int node_change_checked(struct node *node, const struct node_change *change);
int node_resize(struct node *node, uint64_t bytes);

/** cwd_set() - The current directory. -ENOTDIR. */
int cwd_set(struct node *dir);

/** cwd_get() - Where relative paths start, with a reference. */
int cwd_get(struct node **out) MUST_CHECK;

/** node_path() - The absolute path of a directory. @buf: PATH_LIMIT bytes. -ENOENT when it was removed; -ENAMETOOLONG. */
int node_path(struct node *dir, char *buf);

#endif
