// SPDX-License-Identifier: MIT
/*
 * libext2fs's way to the disk: an io_manager over the page cache. While a file system is in use, what libext2fs writes stays in memory
 * as blocks of the running transaction; what it reads are these blocks, else the cache.
 */
#include "ext_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct ext_fs *ext_mounting;

int ext_disk_read(struct ext_fs *x, uint64_t offset, void *buf, size_t bytes)
{
    return ext_has_disk(x) ? cache_read(x->cache, offset, buf, bytes) : -EIO;
}

int ext_disk_write(struct ext_fs *x, uint64_t offset, const void *buf, size_t bytes)
{
    return ext_has_disk(x) ? cache_write(x->cache, offset, buf, bytes) : -EIO;
}

int ext_disk_sync(struct ext_fs *x)
{
    int rc = ext_has_disk(x) ? cache_sync_since(x->cache, &x->errors_seen) : -EIO;

    /* Gone for good, and what was not on it with it: nobody may believe that he can go on. */
    if (rc == -ENXIO && x->collecting && x->failed == 0 && !x->fs.read_only) {
        ext_stop(x, rc, "its disk was taken away");
    }
    return rc;
}

static struct ext_block **bucket_of(struct ext_fs *x, uint64_t number)
{
    return &x->blocks[number % EXT_BUCKETS];
}

static struct ext_block *find_block(struct ext_fs *x, uint64_t number)
{
    struct ext_block *b = *bucket_of(x, number);

    while (b != NULL && b->number != number) {
        b = b->chain;
    }
    return b;
}

static struct ext_block *add_block(struct ext_fs *x, uint64_t number)
{
    struct ext_block **bucket = bucket_of(x, number);
    struct ext_block *b = ext_malloc(sizeof(*b) + x->e2->blocksize);

    if (b != NULL) {
        b->number = number;
        b->chain = *bucket;
        *bucket = b;
        x->nr_blocks++;
    }
    return b;
}

void ext_forget_block(struct ext_fs *x, uint64_t number)
{
    struct ext_block **link = bucket_of(x, number);

    while (*link != NULL) {
        struct ext_block *b = *link;

        if (b->number == number) {
            *link = b->chain;
            free(b);
            x->nr_blocks--;
            return;
        }
        link = &b->chain;
    }
}

void ext_drop_blocks(struct ext_fs *x)
{
    for (unsigned int i = 0; i < EXT_BUCKETS; i++) {
        while (x->blocks[i] != NULL) {
            struct ext_block *b = x->blocks[i];

            x->blocks[i] = b->chain;
            free(b);
        }
    }
    x->nr_blocks = 0;
}

static struct ext_fs *fs_of(io_channel channel)
{
    return channel->private_data;
}

static bool lies_on_disk(struct ext_fs *x, uint64_t offset, uint64_t bytes)
{
    uint64_t size = cache_device(x->cache)->size_bytes;

    return bytes <= size && offset <= size - bytes;
}

/* A negative count is a number of bytes. */
static uint64_t bytes_of(io_channel channel, int count)
{
    return count < 0 ? (uint64_t) - (int64_t)count : (uint64_t)count * (uint64_t)channel->block_size;
}

static errcode_t read_blocks(io_channel channel, unsigned long long block, int count, void *data)
{
    struct ext_fs *x = fs_of(channel);
    uint64_t offset = block * (uint64_t)channel->block_size, bytes = bytes_of(channel, count);
    uint64_t block_size;
    int rc;

    if (!lies_on_disk(x, offset, bytes)) {
        return EXT2_ET_SHORT_READ;
    }
    rc = ext_disk_read(x, offset, data, bytes);
    if (rc != 0 || !x->collecting) {
        return -rc;
    }
    block_size = x->e2->blocksize;
    for (uint64_t at = offset - offset % block_size; at < offset + bytes; at += block_size) {
        struct ext_block *b = find_block(x, at / block_size);
        uint64_t from = at > offset ? at : offset;
        uint64_t end = at + block_size < offset + bytes ? at + block_size : offset + bytes;

        if (b != NULL) {
            memcpy((char *)data + (from - offset), b->data + (from - at), end - from);
        }
    }
    return 0;
}

/* Is what the disk has there of no interest, since the block was free at the last commit? */
static bool is_new(struct ext_fs *x, uint64_t number)
{
    return x->committed != NULL && number >= x->e2->super->s_first_data_block &&
           !ext2fs_test_block_bitmap2(x->committed, number);
}

/* A part of one block into the transaction. What is there already changes nothing: bitmaps are written anew each time. */
static errcode_t collect(struct ext_fs *x, uint64_t number, size_t in_block, const char *from, size_t bytes)
{
    size_t block_size = x->e2->blocksize;
    struct ext_block *b = find_block(x, number);
    bool fresh = b == NULL;
    int rc = 0;

    if (fresh) {
        b = add_block(x, number);
        if (b == NULL) {
            return EXT2_ET_NO_MEMORY;
        }
    }
    if (fresh && is_new(x, number)) {
        memset(b->data, 0, block_size);
    } else if (fresh) {
        rc = ext_disk_read(x, number * block_size, b->data, block_size);
        if (rc != 0 || memcmp(b->data + in_block, from, bytes) == 0) {
            ext_forget_block(x, number);
            return -rc;
        }
    }
    memcpy(b->data + in_block, from, bytes);
    x->nr_collected++;
    return 0;
}

static errcode_t write_bytes(struct ext_fs *x, uint64_t offset, const char *from, uint64_t bytes)
{
    if (!lies_on_disk(x, offset, bytes)) {
        return EXT2_ET_SHORT_WRITE;
    }
    if (!x->collecting) {
        return -ext_disk_write(x, offset, from, bytes);
    }
    while (bytes > 0) {
        size_t in_block = offset % x->e2->blocksize;
        size_t part = x->e2->blocksize - in_block < bytes ? x->e2->blocksize - in_block : bytes;
        errcode_t error = collect(x, offset / x->e2->blocksize, in_block, from, part);

        if (error != 0) {
            return error;
        }
        from += part;
        offset += part;
        bytes -= part;
    }
    return 0;
}

static errcode_t write_blocks(io_channel channel, unsigned long long block, int count, const void *data)
{
    return write_bytes(fs_of(channel), block * (uint64_t)channel->block_size, data, bytes_of(channel, count));
}

static errcode_t write_byte_range(io_channel channel, unsigned long offset, int count, const void *data)
{
    return count < 0 ? EXT2_ET_INVALID_ARGUMENT : write_bytes(fs_of(channel), offset, data, (uint64_t)count);
}

/* Else libext2fs keeps a buffer of zeros, one for all file systems, as long as the blocks of the first that needed it. */
static errcode_t write_zeros(io_channel channel, unsigned long long block, unsigned long long count)
{
    static const char zeros[4096];
    uint64_t size = (uint64_t)channel->block_size, offset = block * size, bytes = count * size;
    errcode_t error = lies_on_disk(fs_of(channel), offset, bytes) ? 0 : EXT2_ET_SHORT_WRITE;

    for (uint64_t at = 0; error == 0 && at < bytes; at += sizeof(zeros)) {
        error = write_bytes(fs_of(channel), offset + at, zeros,
                            bytes - at < sizeof(zeros) ? bytes - at : sizeof(zeros));
    }
    return error;
}

static errcode_t read_blocks32(io_channel channel, unsigned long block, int count, void *data)
{
    return read_blocks(channel, block, count, data);
}

static errcode_t write_blocks32(io_channel channel, unsigned long block, int count, const void *data)
{
    return write_blocks(channel, block, count, data);
}

static errcode_t set_block_size(io_channel channel, int bytes)
{
    channel->block_size = bytes;
    return 0;
}

/* Only we say when something has to be on the disk. While the journal is replayed, libext2fs does. */
static errcode_t flush(io_channel channel)
{
    return fs_of(channel)->collecting ? 0 : -ext_disk_sync(fs_of(channel));
}

static errcode_t open_channel(const char *name, int flags, io_channel *out)
{
    io_channel channel = calloc(1, sizeof(*channel));

    (void)flags;
    if (channel == NULL || ext_mounting == NULL) {
        free(channel);
        return EXT2_ET_NO_MEMORY;
    }
    channel->magic = EXT2_ET_MAGIC_IO_CHANNEL;
    channel->manager = ext_io_manager;
    channel->name = strdup(name);
    channel->block_size = 1024;
    channel->refcount = 1;
    channel->private_data = ext_mounting;
    *out = channel;
    return 0;
}

static errcode_t close_channel(io_channel channel)
{
    if (--channel->refcount > 0) {
        return 0;
    }
    free(channel->name);
    free(channel);
    return 0;
}

static struct struct_io_manager manager = {
    .magic = EXT2_ET_MAGIC_IO_MANAGER,
    .name = "Xenolith's page cache",
    .open = open_channel,
    .close = close_channel,
    .set_blksize = set_block_size,
    .read_blk = read_blocks32,
    .write_blk = write_blocks32,
    .flush = flush,
    .write_byte = write_byte_range,
    .read_blk64 = read_blocks,
    .write_blk64 = write_blocks,
    .zeroout = write_zeros,
};

io_manager ext_io_manager = &manager;
