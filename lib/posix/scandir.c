// SPDX-License-Identifier: MIT
/*
 * scandir() and the orders for it. Owns no state.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_ENTRIES 16

struct found {
    struct dirent **entries;
    size_t nr, limit;
};

static int add(struct found *f, const struct dirent *entry)
{
    struct dirent *copy = malloc(sizeof(*copy));

    if (copy != NULL && f->nr == f->limit) {
        size_t limit = f->limit == 0 ? FIRST_ENTRIES : f->limit * 2;
        struct dirent **larger = realloc(f->entries, limit * sizeof(struct dirent *));

        if (larger == NULL) {
            free(copy);
            return -1;
        }
        f->entries = larger;
        f->limit = limit;
    }
    if (copy == NULL) {
        return -1;
    }
    *copy = *entry;
    f->entries[f->nr++] = copy;
    return 0;
}

static void forget(struct found *f)
{
    while (f->nr > 0) {
        free(f->entries[--f->nr]);
    }
    free(f->entries);
}

/* Takes over @dir. */
static int scan(DIR *dir, struct dirent ***out, int (*wanted)(const struct dirent *),
                int (*order)(const struct dirent **, const struct dirent **))
{
    struct found f = {0};
    int was = errno, rc = 0;
    struct dirent *entry;

    if (dir == NULL) {
        return -1;
    }
    errno = 0;
    while (rc == 0 && (entry = readdir(dir)) != NULL) {
        if (wanted == NULL || wanted(entry) != 0) {
            errno = 0;
            rc = add(&f, entry);
        }
        errno = rc == 0 ? 0 : ENOMEM;
    }
    rc = errno;
    (void)closedir(dir);
    if (rc != 0) {
        forget(&f);
        errno = rc;
        return -1;
    }
    errno = was;
    if (order != NULL && f.nr > 1) {
        qsort(f.entries, f.nr, sizeof(struct dirent *), (int (*)(const void *, const void *))order);
    }
    *out = f.entries;
    return (int)f.nr;
}

int scandir(const char *path, struct dirent ***out, int (*wanted)(const struct dirent *),
            int (*order)(const struct dirent **, const struct dirent **))
{
    return scan(opendir(path), out, wanted, order);
}

int scandirat(int fd, const char *path, struct dirent ***out, int (*wanted)(const struct dirent *),
              int (*order)(const struct dirent **, const struct dirent **))
{
    int directory = openat(fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = directory >= 0 ? fdopendir(directory) : NULL;

    if (directory >= 0 && dir == NULL) {
        (void)close(directory);
    }
    return scan(dir, out, wanted, order);
}

int alphasort(const struct dirent **a, const struct dirent **b)
{
    return strcoll((*a)->d_name, (*b)->d_name);
}
