// SPDX-License-Identifier: MIT
/*
 * ftw() and nftw(): a directory and all that is below it. The path is kept in one buffer; each directory that is being read costs a
 * descriptor and a frame of the stack, so the depth is bounded by PATH_MAX and not by @depth.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int plain_fn(const char *path, const struct stat *st, int type);
typedef int full_fn(const char *path, const struct stat *st, int type, struct FTW *where);

/** struct above - A directory that is being walked, to know one that a link leads back into. */
struct above {
    const struct above *next;
    dev_t dev;
    ino_t ino;
};

/** struct tree - One walk. @path: PATH_MAX bytes. */
struct tree {
    char *path;
    size_t length;
    int flags;
    dev_t dev;
    plain_fn *plain;
    full_fn *full;
    const struct above *above;
};

static int tell(struct tree *t, const struct stat *st, int type, struct FTW *where)
{
    /* ftw() knows fewer kinds. */
    if (t->plain != NULL) {
        return t->plain(t->path, st, type == FTW_SLN ? FTW_NS : type == FTW_SL ? FTW_F : type);
    }
    return t->full(t->path, st, type, where);
}

static int type_of(const struct tree *t, struct stat *st)
{
    if (((t->flags & FTW_PHYS) != 0 ? lstat(t->path, st) : stat(t->path, st)) == 0) {
        return S_ISDIR(st->st_mode) ? FTW_D : S_ISLNK(st->st_mode) ? FTW_SL : FTW_F;
    }
    if (errno == ENOENT && (t->flags & FTW_PHYS) == 0 && lstat(t->path, st) == 0 && S_ISLNK(st->st_mode)) {
        return FTW_SLN;
    }
    memset(st, 0, sizeof(*st));
    return FTW_NS;
}

static bool is_above(const struct tree *t, const struct stat *st)
{
    for (const struct above *a = t->above; a != NULL; a = a->next) {
        if (a->dev == st->st_dev && a->ino == st->st_ino) {
            return true;
        }
    }
    return false;
}

static int walk(struct tree *t, int base, int level);

static int walk_entries(struct tree *t, DIR *dir, const struct stat *st, int level)
{
    struct above here = {.next = t->above, .dev = st->st_dev, .ino = st->st_ino};
    size_t length = t->length;
    struct dirent *entry;
    int rc = 0;

    t->above = &here; // cppcheck-suppress autoVariables; taken back below
    while (rc == 0 && (entry = readdir(dir)) != NULL) {
        size_t bytes = strlen(entry->d_name);
        bool slash = length > 0 && t->path[length - 1] != '/';

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (length + slash + bytes >= PATH_MAX) {
            errno = ENAMETOOLONG;
            rc = -1;
            break;
        }
        if (slash) {
            t->path[length] = '/';
        }
        memcpy(t->path + length + slash, entry->d_name, bytes + 1);
        t->length = length + slash + bytes;
        rc = walk(t, (int)(length + slash), level);
        t->length = length;
        t->path[length] = '\0';
    }
    t->above = here.next;
    return rc;
}

static int walk_directory(struct tree *t, const struct stat *st, struct FTW *where)
{
    DIR *dir = opendir(t->path);
    int rc = 0;

    if (dir == NULL) {
        return errno == EACCES ? tell(t, st, FTW_DNR, where) : -1;
    }
    if ((t->flags & FTW_DEPTH) == 0) {
        rc = tell(t, st, FTW_D, where);
    }
    if (rc == 0) {
        rc = walk_entries(t, dir, st, where->level + 1);
    }
    (void)closedir(dir);
    if (rc == 0 && (t->flags & FTW_DEPTH) != 0) {
        rc = tell(t, st, FTW_DP, where);
    }
    return rc;
}

/* What t->path names, at whose @base its last component begins. */
static int walk(struct tree *t, int base, int level)
{
    struct FTW where = {.base = base, .level = level};
    struct stat st;
    int type = type_of(t, &st);

    if (type == FTW_NS && level == 0) {
        return -1;
    }
    if (level == 0) {
        t->dev = st.st_dev;
    } else if ((t->flags & FTW_MOUNT) != 0 && type != FTW_NS && st.st_dev != t->dev) {
        return 0;
    }
    if (type != FTW_D) {
        return tell(t, &st, type, &where);
    }
    return is_above(t, &st) ? 0 : walk_directory(t, &st, &where);
}

static int base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL && slash[1] != '\0' ? (int)(slash + 1 - path) : 0;
}

static int begin(const char *path, plain_fn *plain, full_fn *full, int flags)
{
    struct tree t = {.flags = flags, .plain = plain, .full = full, .length = strlen(path)};
    int rc;

    if (t.length >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    t.path = malloc(PATH_MAX);
    if (t.path == NULL) {
        return -1;
    }
    memcpy(t.path, path, t.length + 1);
    while (t.length > 1 && t.path[t.length - 1] == '/') {
        t.path[--t.length] = '\0';
    }
    rc = walk(&t, base_of(t.path), 0);
    free(t.path);
    return rc;
}

int ftw(const char *path, plain_fn *fn, int depth)
{
    (void)depth;
    return begin(path, fn, NULL, 0);
}

/* The callback's paths are relative to where the walk began: who wants FTW_CHDIR is told that it is not there. */
int nftw(const char *path, full_fn *fn, int depth, int flags)
{
    (void)depth;
    if ((flags & FTW_CHDIR) != 0) {
        errno = EINVAL;
        return -1;
    }
    return begin(path, NULL, fn, flags);
}
