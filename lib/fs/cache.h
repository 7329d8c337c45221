// SPDX-License-Identifier: MIT
/*
 * The page cache of a disk: pages keyed by their place on it, read ahead where somebody reads in order, written back when there are
 * many or when somebody asks. Bounded; clean pages go when memory runs short. Threads only; the calls block.
 *
 * The pages are of the disk that the toolstack put there: of another one in its place (blkdev.generation) they are never read nor written to
 * it, and what was not written is an error.
 */
#ifndef LIB_FS_CACHE_H
#define LIB_FS_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include <xenolith/blkdev.h>

struct cache;

/** struct cache_stats - Counted since the start; pages as of now; @limit: of all caches together. */
struct cache_stats {
    uint64_t hits, misses, read_ahead, written;
    size_t pages, dirty, limit;
};

/** cache_of() - The cache of @dev, made at the first call: whoever uses a disk shares it. NULL: no memory. */
struct cache *cache_of(struct blkdev *dev);

/** cache_read() - Return: 0, or the disk's error. The range must lie on the disk. */
int cache_read(struct cache *c, uint64_t offset, void *buf, size_t bytes);

/** cache_write() - Into the cache; on the disk after cache_sync(). -ENOMEM, or the disk's error when the rest of a page has to be read. */
int cache_write(struct cache *c, uint64_t offset, const void *buf, size_t bytes);

/** cache_write_back() - Until all that was written before is on its way and answered; what a disk's own cache holds it holds. */
int cache_write_back(struct cache *c);

/**
 * cache_sync() - The same, and the disk's cache flushed; for the file system on the disk. What others write meanwhile is not waited for.
 * An error of any write or flush since the last call is told once.
 */
int cache_sync(struct cache *c);

/** cache_errors() - For whoever begins to use the disk: where his cache_sync_since() starts from. */
uint32_t cache_errors(struct cache *c);

/** cache_sync_since() - As cache_sync(), for one of many users: each is told of an error that has come since *@seen. */
int cache_sync_since(struct cache *c, uint32_t *seen);

/** cache_forget() - Drop all that is not newer than the disk: others may write to the disk from now on. */
void cache_forget(struct cache *c);

/** cache_abandon() - Drop everything, also what was not written: an error for those who wrote it. */
void cache_abandon(struct cache *c);

void cache_get_stats(const struct cache *c, struct cache_stats *out);

struct blkdev *cache_device(const struct cache *c);

#endif
