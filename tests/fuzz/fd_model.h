// SPDX-License-Identifier: MIT
/*
 * What fd_fuzz.c knows of descriptors, open files and the bytes of regular files, by Linux's rules; and the fuzzer's bytes as
 * decisions.
 */
#ifndef FD_MODEL_H
#define FD_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NR_FDS     16
#define NR_NAMES   4
#define FILE_BYTES 40000

struct inode {
    unsigned int refs;
    size_t size;
    unsigned char data[FILE_BYTES];
};

/** struct description - An open file. @inode: NULL: it is no regular file, only its descriptors are known. */
struct description {
    unsigned int users;
    struct inode *inode;
    int access;
    bool append;
    int64_t offset;
};

extern struct inode *names[NR_NAMES];
extern struct description *fds[NR_FDS];

/* Where the run is: said when something is wrong. */
extern unsigned int step;
extern uint8_t op;

/** want() - Ends the run unless @holds. */
void want(bool holds, const char *what);

struct inode *inode_new(void);
void inode_put(struct inode *inode); /* NULL is ignored */
void inode_resize(struct inode *inode, size_t bytes);

/** description_new() - For fd_set(); @flags as open() has them. */
struct description *description_new(struct inode *inode, int flags);

/** fd_lowest_free() - Of @from and above; NR_FDS or more: none. */
int fd_lowest_free(int from);

/** fd_names() - From now on @fd names @d, or nothing. */
void fd_names(int fd, struct description *d);

/** at() - What @fd names, or NULL. */
struct description *at(int fd);

bool reads(const struct description *d);
bool writes(const struct description *d);

/** decisions() - Take them from these bytes; after the last all are 0. */
void decisions(const uint8_t *data, size_t bytes);
bool decisions_left(void);
uint8_t take(void);
size_t take_below(size_t limit);
int take_fd(void); /* sometimes one that cannot be */

#endif
