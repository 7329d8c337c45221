// SPDX-License-Identifier: MIT
/*
 * What pipes and FIFOs share: bytes between any number of open ends. A pipe has one reader and one writer, a FIFO as many as opened it.
 */
#ifndef PIPE_PRIV_H
#define PIPE_PRIV_H

#include <xenolith/vfs.h>
#include <xenolith/wait.h>

#include "byte_queue.h"

struct pipe;

/** struct pipe_owner - What a pipe is a part of. @ended: the last end is gone; frees it. */
struct pipe_owner {
    void (*info)(struct pipe *p, struct file_info *out);
    void (*ended)(struct pipe *p);
};

/** struct pipe - @reader_opens, @writer_opens: how many there have ever been. */
struct pipe {
    const struct pipe_owner *owner;
    struct list ends;
    unsigned int nr_readers, nr_writers;
    unsigned int reader_opens, writer_opens;
    struct byte_queue queue;
    struct wait_queue readers, writers;
};

/** struct pipe_end - @writers_before: the pipe's @writer_opens when this end came and none of them was left. */
struct pipe_end {
    struct file file;
    struct pipe *pipe;
    struct list link;
    unsigned int writers_before;
};

void pipe_init(struct pipe *p, const struct pipe_owner *owner);

/** pipe_add_end() - One that reads, writes or both, as @flags (enum file_flags) say; its reference is the caller's. NULL: no memory. */
struct pipe_end *pipe_add_end(struct pipe *p, unsigned int flags);

#endif
