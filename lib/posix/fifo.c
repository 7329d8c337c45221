// SPDX-License-Identifier: MIT
/*
 * FIFOs: pipes that are found by a node of a file system. Owns the list of those that somebody has open; the node itself is the file
 * system's. mkfifo() brings this into an image, and with it open() of FIFOs.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <xenolith/heap.h>

#include "../newlib/file_priv.h"
#include "../newlib/newlib_priv.h"
#include "pipe_priv.h"

struct fifo {
    struct pipe pipe;
    struct node *node; /* one reference */
    struct list link;
};

static struct list fifos = LIST_INIT(fifos);

static struct fifo *of(struct pipe *p)
{
    return container_of(p, struct fifo, pipe);
}

static void describe(struct pipe *p, struct file_info *out)
{
    struct node *node = of(p)->node;

    node->ops->info(node, out);
}

static void end_fifo(struct pipe *p)
{
    struct fifo *f = of(p);

    list_remove(&f->link);
    node_put(f->node);
    heap_free(f);
}

static const struct pipe_owner owner = {.info = describe, .ended = end_fifo};

static struct fifo *find(struct node *node)
{
    struct list *link;
    struct fifo *f;

    list_for_each(link, &fifos) {
        f = list_entry(link, struct fifo, link);
        if (f->node == node) {
            return f;
        }
    }
    f = heap_alloc(sizeof(*f));
    if (f != NULL) {
        pipe_init(&f->pipe, &owner);
        node_get(node);
        f->node = node;
        list_push_back(&fifos, &f->link);
    }
    return f;
}

/*
 * POSIX: who opens one side waits until the other was opened, however briefly. With O_NONBLOCK a reader does not wait and a writer
 * without a reader fails. Linux: who opens both waits for nobody.
 */
static void wait_for_other_side(struct pipe *p, unsigned int access, unsigned int readers,
                                unsigned int writers)
{
    if (access == FILE_READ) {
        wait_event(&p->readers, p->nr_writers > 0 || p->writer_opens != writers);
    } else if (access == FILE_WRITE) {
        wait_event(&p->writers, p->nr_readers > 0 || p->reader_opens != readers);
    }
}

int fifo_open(struct node *node, unsigned int flags, struct file **out)
{
    unsigned int access = flags & (FILE_READ | FILE_WRITE);
    bool waits = (flags & FILE_NONBLOCK) == 0;
    unsigned int readers, writers;
    struct fifo *f = find(node);
    struct pipe_end *end = NULL;
    int rc = f != NULL ? 0 : -ENOMEM;

    if (rc == 0 && access == FILE_WRITE && !waits && f->pipe.nr_readers == 0) {
        rc = -ENXIO;
    }
    if (rc == 0) {
        readers = f->pipe.reader_opens;
        writers = f->pipe.writer_opens;
        end = pipe_add_end(&f->pipe, flags);
        rc = end != NULL ? 0 : -ENOMEM;
    }
    if (rc != 0) {
        if (f != NULL && list_is_empty(&f->pipe.ends)) {
            end_fifo(&f->pipe);
        }
        return rc;
    }
    if (waits) {
        wait_for_other_side(&f->pipe, access, readers, writers);
    }
    *out = &end->file;
    return 0;
}

/* Devices are /dev's own; who has no name for a kind of file gets a plain one, as on Linux. */
int mknodat(int fd, const char *path, mode_t mode, dev_t device)
{
    struct new_node what = {.kind = FILE_REGULAR, .permissions = libc_umask(mode)};
    struct libc_at at;
    int rc;

    (void)device;
    switch (mode & S_IFMT) {
    case 0:
    case S_IFREG:
        break;
    case S_IFIFO:
        what.kind = FILE_FIFO;
        break;
    case S_IFSOCK:
        what.kind = FILE_SOCKET;
        break;
    default:
        return (int)libc_result(
            (mode & S_IFMT) == S_IFCHR || (mode & S_IFMT) == S_IFBLK || S_ISDIR(mode) ? -EPERM : -EINVAL);
    }
    rc = libc_at_begin(fd, path, &at);
    if (rc == 0) {
        rc = path_create(at.node, path, &what);
        libc_at_end(&at);
    }
    return (int)libc_result(rc);
}

int mknod(const char *path, mode_t mode, dev_t device)
{
    return mknodat(AT_FDCWD, path, mode, device);
}

int mkfifoat(int fd, const char *path, mode_t mode)
{
    return mknodat(fd, path, S_IFIFO | (mode & 07777), 0);
}

int mkfifo(const char *path, mode_t mode)
{
    return mkfifoat(AT_FDCWD, path, mode);
}
