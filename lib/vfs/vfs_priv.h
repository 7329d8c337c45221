// SPDX-License-Identifier: MIT
/*
 * What the files of lib/vfs share: the walk along a path, and what stands at its beginning.
 */
#ifndef VFS_PRIV_H
#define VFS_PRIV_H

#include <xenolith/path.h>

enum walk_last {
    WALK_NAME, /* a name, which may be there or not */
    WALK_DOT,
    WALK_DOTDOT,
    WALK_ROOT, /* nothing is left: the path is "/", or a link to it */
};

/**
 * struct walk - A path walked up to its last component.
 * @dir:       The directory in which @name is to be looked up; one reference.
 * @wants_dir: A slash follows the last component.
 * @creates:   For O_CREAT: a slash behind the last component, or behind the target of a link there, is -EISDIR.
 * @rest:      The text that @name lies in once a symbolic link was met; else NULL.
 */
struct walk {
    struct node *dir;
    enum walk_last last;
    const char *name;
    size_t length;
    bool wants_dir, creates;
    unsigned int links;
    char *rest;
};

/** walk_begin() - Walk to the last component. On success walk_end() is due. */
int walk_begin(struct walk *w, struct node *at, const char *path) MUST_CHECK;

void walk_end(struct walk *w);

/** walk_lookup() - What the last component names, mounts crossed, links not followed, slashes ignored. -ENOENT. */
int walk_lookup(struct walk *w, struct node **out) MUST_CHECK;

/**
 * walk_finish() - What the last component names; a link there is followed if @follow, or if a slash follows it. After -ENOENT
 * @w stands where the missing name could be created. -ENOTDIR if a slash follows something else than a directory.
 */
int walk_finish(struct walk *w, bool follow, struct node **out) MUST_CHECK;

/** node_was_removed() - Has the directory no name any more? Nothing is in it, nothing can be made there: all is -ENOENT. */
bool node_was_removed(struct node *dir);

/** node_cross() - The root of what is mounted on *@node in its place. Moves the reference. */
void node_cross(struct node **node);

/** root_start() - Mount what is to be the root of all, and /dev. Called once, at the first use of a path. */
int root_start(void) MUST_CHECK;

/** dev_add_fds() - /dev/fd and /dev/stdin and its kin. */
int dev_add_fds(struct node *root) MUST_CHECK;

/** dev_start() - Mount the devices on /dev. */
int dev_start(void) MUST_CHECK;

#endif
