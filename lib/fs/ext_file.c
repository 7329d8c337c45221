// SPDX-License-Identifier: MIT
/*
 * The bytes of files: where they lie, by libext2fs; what they are, by the page cache. Blocks are allocated in runs where a file has
 * extents. Also the targets of symbolic links.
 */
#include "ext_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xenolith/compiler.h>

/* A run's length where nothing is known of what follows. */
#define ENDLESS (UINT64_C(1) << 32)

static bool has_extents(const struct ext_node *n)
{
    return (n->inode.i_flags & EXT4_EXTENTS_FL) != 0;
}

static bool is_inline(const struct ext_node *n)
{
    return (n->inode.i_flags & EXT4_INLINE_DATA_FL) != 0;
}

/* The extent that holds @block, or the hole that it lies in. */
static errcode_t find_extent(struct ext_node *n, uint64_t block, struct ext_run *run)
{
    struct ext_fs *x = ext_of(n->node.fs);
    ext2_extent_handle_t handle;
    struct ext2fs_extent extent;
    errcode_t error = ext2fs_extent_open2(x->e2, n->ino, ext_inode(n), &handle);

    if (error != 0) {
        return error;
    }
    error = ext2fs_extent_goto(handle, block);
    if (error == 0) {
        error = ext2fs_extent_get(handle, EXT2_EXTENT_CURRENT, &extent);
        if (error == 0) {
            *run = (struct ext_run){
                .file_block = extent.e_lblk,
                .disk_block = extent.e_pblk,
                .nr = extent.e_len,
                .unwritten = (extent.e_flags & EXT2_EXTENT_FLAGS_UNINIT) != 0,
            };
        }
    } else if (error == EXT2_ET_EXTENT_NOT_FOUND) {
        *run = (struct ext_run){.file_block = block, .nr = 1};
        error = 0;
        if (block * x->e2->blocksize >= EXT2_I_SIZE(&n->inode)) {
            run->nr = ENDLESS;
        }
    }
    ext2fs_extent_free(handle);
    return error;
}

/* Block by block, as long as they follow each other; holes one at a time. */
static errcode_t find_mapped(struct ext_node *n, uint64_t block, uint64_t most, struct ext_run *run)
{
    struct ext_fs *x = ext_of(n->node.fs);
    blk64_t first = 0, next;
    errcode_t error = ext2fs_bmap2(x->e2, n->ino, ext_inode(n), NULL, 0, block, NULL, &first);

    *run = (struct ext_run){.file_block = block, .disk_block = first, .nr = 1};
    while (error == 0 && first != 0 && run->nr < most) {
        error = ext2fs_bmap2(x->e2, n->ino, ext_inode(n), NULL, 0, block + run->nr, NULL, &next);
        if (error != 0 || next != first + run->nr) {
            break;
        }
        run->nr++;
    }
    return error;
}

/* Where @block lies, and how many of the next @most lie behind it. */
static int find_run(struct ext_node *n, uint64_t block, uint64_t most, struct ext_run *out)
{
    struct ext_run *run = &n->run;
    uint64_t skip;
    errcode_t error = 0;

    if (run->nr == 0 || block < run->file_block || block - run->file_block >= run->nr ||
        run->disk_block == 0) {
        error = has_extents(n) ? find_extent(n, block, run) : find_mapped(n, block, most, run);
    }
    if (error != 0) {
        run->nr = 0;
        *out = (struct ext_run){.nr = 0};
        return ext_errno(error);
    }
    skip = block - run->file_block;
    *out = (struct ext_run){
        .file_block = block,
        .disk_block = run->disk_block != 0 ? run->disk_block + skip : 0,
        .nr = MIN(run->nr - skip, most),
        .unwritten = run->unwritten,
    };
    return 0;
}

static int read_run(struct ext_fs *x, const struct ext_run *run, size_t in_block, char *to, size_t bytes)
{
    if (run->disk_block == 0 || run->unwritten) {
        memset(to, 0, bytes);
        return 0;
    }
    return ext_disk_read(x, run->disk_block * x->e2->blocksize + in_block, to, bytes);
}

static long read_locked(struct ext_node *n, char *to, size_t bytes, uint64_t offset)
{
    struct ext_fs *x = ext_of(n->node.fs);
    uint32_t size = x->e2->blocksize;
    size_t done = 0;

    while (done < bytes) {
        size_t in_block = offset % size, part;
        struct ext_run run;
        int rc = find_run(n, offset / size, (bytes - done + in_block + size - 1) / size, &run);

        if (rc == 0) {
            part = MIN(bytes - done, run.nr * size - in_block);
            rc = read_run(x, &run, in_block, to + done, part);
        }
        if (rc != 0) {
            return done > 0 ? (long)done : rc;
        }
        done += part;
        offset += part;
    }
    return (long)done;
}

long ext_read(struct node *node, void *buf, size_t bytes, uint64_t offset)
{
    struct ext_node *n = ext_node_of(node);
    struct ext_fs *x = ext_of(node->fs);
    long rc = 0;

    mutex_lock(&x->lock);
    if (offset < EXT2_I_SIZE(&n->inode)) {
        bytes = MIN(bytes, EXT2_I_SIZE(&n->inode) - offset);
        rc = is_inline(n) ? ext_inline_read(n, buf, bytes, offset) : read_locked(n, buf, bytes, offset);
    }
    mutex_unlock(&x->lock);
    return rc;
}

/* Blocks for a hole; how many came is seen by looking again. */
static int allocate(struct ext_node *n, uint64_t block, uint64_t nr)
{
    struct ext_fs *x = ext_of(n->node.fs);
    errcode_t error;
    blk64_t got;

    n->run.nr = 0;
    n->moved = n->changed = x->transaction;
    if (has_extents(n) && ext_alloc_behind(n, block, nr) == 0) {
        return 0;
    }
    if (has_extents(n) && nr > 1) {
        error = ext2fs_fallocate(x->e2, EXT2_FALLOCATE_FORCE_INIT | EXT2_FALLOCATE_INIT_BEYOND_EOF, n->ino,
                                 ext_inode(n), ~0ULL, block, nr);
        if (error == 0) {
            error = ext2fs_write_inode_full(x->e2, n->ino, ext_inode(n), sizeof(n->inode));
            return ext_half_done(x, ext_errno(error));
        }
        (void)ext_half_done(x, ext_errno(error));
    }
    error = ext2fs_bmap2(x->e2, n->ino, ext_inode(n), NULL, BMAP_ALLOC, block, NULL, &got);
    return ext_half_done(x, ext_errno(error));
}

/*
 * The run is to be written to: holes get blocks, blocks that read as zeros become ordinary ones. What new blocks hold is not the file's:
 * they are those before *fresh_until, which one allocation may reach in several runs.
 */
static int prepare_run(struct ext_node *n, uint64_t block, uint64_t most, struct ext_run *run,
                       uint64_t *fresh_until)
{
    struct ext_fs *x = ext_of(n->node.fs);
    int rc = find_run(n, block, most, run);

    if (rc == 0 && run->disk_block == 0) {
        *fresh_until = block + run->nr;
        rc = allocate(n, block, run->nr);
        rc = rc != 0 ? rc : find_run(n, block, run->nr, run);
        if (rc == 0 && (run->disk_block == 0 || run->unwritten)) {
            rc = -EIO;
        }
    } else if (rc == 0 && run->unwritten) {
        blk64_t at = run->disk_block;

        *fresh_until = block + 1;
        run->unwritten = false;
        n->run.nr = 0;
        n->moved = n->changed = x->transaction;
        rc = ext_errno(ext2fs_bmap2(x->e2, n->ino, ext_inode(n), NULL, BMAP_SET, block, NULL, &at));
        (void)ext_half_done(x, rc);
    }
    if (rc == 0 && block < *fresh_until) {
        run->nr = MIN(run->nr, *fresh_until - block);
        for (uint64_t i = 0; i < run->nr; i++) {
            ext_forget_block(x, run->disk_block + i);
        }
    }
    return rc;
}

/* What a write leaves of the first and last block of a fresh run is zeros. */
static int zero_edges(struct ext_fs *x, const struct ext_run *run, size_t in_block, size_t bytes)
{
    static const char zeros[65536];
    uint64_t start = run->disk_block * x->e2->blocksize;
    uint64_t end = start + run->nr * x->e2->blocksize, behind = start + in_block + bytes;
    int rc = in_block > 0 ? ext_disk_write(x, start, zeros, in_block) : 0;

    if (rc == 0 && behind < end) {
        rc = ext_disk_write(x, behind, zeros, MIN(end - behind, x->e2->blocksize));
    }
    return rc;
}

static long write_locked(struct ext_node *n, const char *from, size_t bytes, uint64_t offset)
{
    struct ext_fs *x = ext_of(n->node.fs);
    uint32_t size = x->e2->blocksize;
    uint64_t fresh_until = 0;
    size_t done = 0;

    while (done < bytes) {
        size_t in_block = offset % size, part = 0;
        struct ext_run run;
        int rc =
            prepare_run(n, offset / size, (bytes - done + in_block + size - 1) / size, &run, &fresh_until);

        if (rc == 0) {
            part = MIN(bytes - done, run.nr * size - in_block);
            rc = offset / size < fresh_until ? zero_edges(x, &run, in_block, part) : 0;
        }
        rc = rc != 0 ? rc : ext_disk_write(x, run.disk_block * size + in_block, from + done, part);
        if (rc != 0) {
            return done > 0 ? (long)done : rc;
        }
        done += part;
        offset += part;
    }
    return (long)done;
}

static int set_size(struct ext_node *n, uint64_t bytes)
{
    return ext_errno(ext2fs_inode_size_set(ext_of(n->node.fs)->e2, ext_inode(n), (ext2_off64_t)bytes));
}

static uint64_t largest_file(const struct ext_node *n)
{
    const struct ext_fs *x = ext_of(n->node.fs);
    uint64_t pointers = x->e2->blocksize / 4;
    uint64_t blocks = has_extents(n) ? UINT64_C(0xfffffffe)
                                     : 12 + pointers + pointers * pointers + pointers * pointers * pointers;

    return blocks * x->e2->blocksize;
}

/* Blocks that a failed write has got and not filled: what they hold must not come into sight. */
static void drop_beyond_end(struct ext_node *n)
{
    struct ext_fs *x = ext_of(n->node.fs);
    uint64_t first = (EXT2_I_SIZE(&n->inode) + x->e2->blocksize - 1) / x->e2->blocksize;

    n->run.nr = 0;
    (void)ext_half_done(x, ext_errno(ext2fs_punch(x->e2, n->ino, ext_inode(n), NULL, first, ~0ULL)));
}

long ext_write_some(struct ext_node *n, const char *from, size_t bytes, uint64_t offset)
{
    struct ext_fs *x = ext_of(n->node.fs);
    struct ext2_inode_large before;
    long written = write_locked(n, from, bytes, offset);

    if (written > 0) {
        uint64_t end = offset + (uint64_t)written;
        bool grows = end > EXT2_I_SIZE(&n->inode);
        int rc = grows ? set_size(n, end) : 0;

        before = n->inode;
        ext_touch(n, EXT_MODIFIED | EXT_CHANGED);
        if (rc == 0 && grows) {
            rc = ext_node_write(n);
        } else if (rc == 0 && memcmp(&before, &n->inode, sizeof(before)) != 0) {
            rc = ext_node_write_times(n);
        }
        written = ext_half_done(x, rc) != 0 ? rc : written;
    }
    if (written < (long)bytes) {
        drop_beyond_end(n);
    }
    return written;
}

long ext_write(struct node *node, const void *buf, size_t bytes, uint64_t offset)
{
    struct ext_node *n = ext_node_of(node);
    struct ext_fs *x = ext_of(node->fs);
    int begun = ext_begin(x);
    long written, more;

    if (begun != 0) {
        return begun;
    }
    if (is_inline(n)) {
        int rc = ext_inline_expand(n);

        if (rc != 0) {
            return ext_end(x, rc);
        }
    }
    if (offset >= largest_file(n)) {
        return ext_end(x, -EFBIG);
    }
    bytes = MIN(bytes, largest_file(n) - offset);
    written = ext_write_some(n, buf, bytes, offset);
    if ((written == -ENOSPC || (written > 0 && written < (long)bytes)) && ext_commit_for_room(x)) {
        size_t done = written > 0 ? (size_t)written : 0;

        more = ext_write_some(n, (const char *)buf + done, bytes - done, offset + done);
        written = more > 0 ? (long)done + more : done > 0 ? (long)done : more;
    }
    (void)ext_end(x, 0);
    return written;
}

/* The rest of the last block must be zeros when the file grows again. */
static int clear_tail(struct ext_node *n, uint64_t bytes)
{
    static const char zeros[65536];
    struct ext_fs *x = ext_of(n->node.fs);
    uint32_t size = x->e2->blocksize;
    struct ext_run run;
    int rc;

    if (bytes % size == 0) {
        return 0;
    }
    rc = find_run(n, bytes / size, 1, &run);
    if (rc == 0 && run.disk_block != 0 && !run.unwritten) {
        rc = ext_disk_write(x, run.disk_block * size + bytes % size, zeros, size - bytes % size);
    }
    return rc;
}

static int resize_locked(struct ext_node *n, uint64_t bytes)
{
    struct ext_fs *x = ext_of(n->node.fs);
    uint32_t size = x->e2->blocksize;
    int rc = 0;

    if (bytes < EXT2_I_SIZE(&n->inode)) {
        rc = clear_tail(n, bytes);
        n->run.nr = 0;
        rc = rc != 0 ? rc
                     : ext_errno(
                           ext2fs_punch(x->e2, n->ino, ext_inode(n), NULL, (bytes + size - 1) / size, ~0ULL));
    }
    n->run.nr = 0;
    rc = rc != 0 ? rc : set_size(n, bytes);
    ext_touch(n, EXT_MODIFIED | EXT_CHANGED);
    return rc != 0 ? rc : ext_node_write(n);
}

int ext_resize(struct node *node, uint64_t bytes)
{
    struct ext_node *n = ext_node_of(node);
    struct ext_fs *x = ext_of(node->fs);
    int rc = ext_begin(x);

    if (rc != 0) {
        return rc;
    }
    rc = is_inline(n) ? ext_inline_expand(n) : 0;
    rc = rc != 0 ? rc : bytes > largest_file(n) ? -EFBIG : resize_locked(n, bytes);
    return ext_end(x, rc);
}

int ext_sync_node(struct node *node, bool data_only)
{
    struct ext_node *n = ext_node_of(node);
    struct ext_fs *x = ext_of(node->fs);
    int rc;

    mutex_lock(&x->lock);
    if (x->fs.read_only) {
        rc = x->failed;
    } else if ((data_only ? n->moved : n->changed) != x->transaction) {
        /* All that is needed to find the bytes is on the disk already. */
        rc = ext_disk_sync(x);
    } else {
        rc = ext_commit(x);
    }
    mutex_unlock(&x->lock);
    return rc;
}

/* libext2fs writes it as it writes what describes files, so it is read the same way. */
static long read_long_target(struct ext_node *n, char *to, size_t bytes)
{
    struct ext_fs *x = ext_of(n->node.fs);
    char *block = malloc(x->e2->blocksize);
    struct ext_run run;
    int rc = block == NULL ? -ENOMEM : find_run(n, 0, 1, &run);

    if (rc == 0 && run.disk_block == 0) {
        rc = -EIO;
    }
    rc = rc != 0 ? rc : ext_errno(io_channel_read_blk64(x->e2->io, run.disk_block, 1, block));
    bytes = MIN(bytes, x->e2->blocksize);
    if (rc == 0) {
        memcpy(to, block, bytes);
    }
    free(block);
    return rc != 0 ? rc : (long)bytes;
}

long ext_readlink(struct node *node, char *buf, size_t bytes)
{
    struct ext_node *n = ext_node_of(node);
    struct ext_fs *x = ext_of(node->fs);
    size_t length = MIN(bytes, EXT2_I_SIZE(&n->inode));
    long rc = (long)length;

    mutex_lock(&x->lock);
    if (ext2fs_is_fast_symlink(ext_inode(n))) {
        memcpy(buf, n->inode.i_block, MIN(length, sizeof(n->inode.i_block)));
    } else {
        rc = is_inline(n) ? ext_inline_read(n, buf, length, 0) : read_long_target(n, buf, length);
    }
    mutex_unlock(&x->lock);
    return rc;
}
