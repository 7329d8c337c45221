// SPDX-License-Identifier: MIT
/*
 * pipe(): one end to read and one to write, each with a descriptor. What goes through is pipe_file.c's.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

#include <xenolith/errno.h>
#include <xenolith/heap.h>

#include "../newlib/newlib_priv.h"
#include "pipe_priv.h"

static void end_pipe(struct pipe *p)
{
    heap_free(p);
}

static const struct pipe_owner owner = {.ended = end_pipe};

/* Takes over both ends. */
static int install(struct pipe_end *reader, struct pipe_end *writer, int fds[2])
{
    int from = fd_install(&reader->file, 0);
    int to;

    if (from < 0) {
        file_put(&reader->file);
        file_put(&writer->file);
        return from;
    }
    to = fd_install(&writer->file, 0);
    if (to < 0) {
        (void)fd_close(from);
        file_put(&writer->file);
        return to;
    }
    fds[0] = from;
    fds[1] = to;
    return 0;
}

int pipe2(int fds[2], int flags)
{
    unsigned int nonblock = (flags & O_NONBLOCK) != 0 ? FILE_NONBLOCK : 0;
    struct pipe_end *reader, *writer;
    struct pipe *p;

    if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) != 0) {
        return (int)libc_result(-EINVAL);
    }
    p = heap_alloc(sizeof(*p));
    if (p == NULL) {
        return (int)libc_result(-ENOMEM);
    }
    pipe_init(p, &owner);
    reader = pipe_add_end(p, FILE_READ | nonblock);
    if (reader == NULL) {
        heap_free(p);
        return (int)libc_result(-ENOMEM);
    }
    writer = pipe_add_end(p, FILE_WRITE | nonblock);
    if (writer == NULL) {
        file_put(&reader->file);
        return (int)libc_result(-ENOMEM);
    }
    return (int)libc_result(install(reader, writer, fds));
}

int pipe(int fds[2])
{
    return pipe2(fds, 0);
}
