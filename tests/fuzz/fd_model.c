// SPDX-License-Identifier: MIT
/*
 * The model of descriptors and regular files.
 */
#include "fd_model.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NR_INODES 32

static struct inode inodes[NR_INODES];
struct inode *names[NR_NAMES];
static struct description descriptions[NR_FDS + 2];
struct description *fds[NR_FDS];

/* Counts: an op that the model forbids is a bug of the code, shown by the step that it came from. */
unsigned int step;
uint8_t op;

void want(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "step %u, call %u: %s\n", step, op, what);
        abort();
    }
}

struct inode *inode_new(void)
{
    for (size_t i = 0; i < NR_INODES; i++) {
        if (inodes[i].refs == 0) {
            inodes[i].refs = 1;
            inodes[i].size = 0;
            memset(inodes[i].data, 0, FILE_BYTES);
            return &inodes[i];
        }
    }
    abort();
}

void inode_put(struct inode *inode)
{
    if (inode != NULL) {
        inode->refs--;
    }
}

struct description *description_new(struct inode *inode, int flags)
{
    for (size_t i = 0;; i++) {
        struct description *d = &descriptions[i];

        if (d->users == 0) {
            *d = (struct description){
                .inode = inode, .access = flags & O_ACCMODE, .append = (flags & O_APPEND) != 0};
            if (inode != NULL) {
                inode->refs++;
            }
            return d;
        }
    }
}

int fd_lowest_free(int from)
{
    while (from < NR_FDS && fds[from] != NULL) {
        from++;
    }
    return from;
}

void fd_names(int fd, struct description *d)
{
    struct description *old = fds[fd];

    if (d != NULL) {
        d->users++;
    }
    fds[fd] = d;
    if (old != NULL && --old->users == 0) {
        inode_put(old->inode);
    }
}

bool reads(const struct description *d)
{
    return d != NULL && d->access != O_WRONLY;
}

bool writes(const struct description *d)
{
    return d != NULL && d->access != O_RDONLY;
}

void inode_resize(struct inode *inode, size_t bytes)
{
    if (bytes < inode->size) {
        memset(inode->data + bytes, 0, inode->size - bytes);
    }
    inode->size = bytes;
}

static const uint8_t *input, *input_end;

void decisions(const uint8_t *data, size_t bytes)
{
    input = data;
    input_end = data + bytes;
}

bool decisions_left(void)
{
    return input < input_end;
}

uint8_t take(void)
{
    return input < input_end ? *input++ : 0;
}

size_t take_below(size_t limit)
{
    size_t n = take();

    return limit <= 256 ? n % limit : (n << 8 | take()) % limit;
}

int take_fd(void)
{
    return (int)take_below(NR_FDS + 2) - 1;
}

struct description *at(int fd)
{
    return fd >= 0 && fd < NR_FDS ? fds[fd] : NULL;
}
