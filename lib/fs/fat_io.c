// SPDX-License-Identifier: MIT
/*
 * FatFs's way to the disk, and the order in which things get there. What FatFs writes stays in memory as sectors until a commit.
 */
#include "fat_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <diskio.h>

#include <xenolith/compiler.h>

#define LARGE_BYTES (2u << 20)

static struct fat_block **bucket_of(struct fat_fs *x, uint32_t sector)
{
    return &x->blocks[sector % FAT_BUCKETS];
}

/* The newest: later waves are put in front. */
static struct fat_block *find_block(struct fat_fs *x, uint32_t sector)
{
    struct fat_block *b = *bucket_of(x, sector);

    while (b != NULL && b->sector != sector) {
        b = b->chain;
    }
    return b;
}

static bool is_in_fat(const struct fat_fs *x, uint32_t sector)
{
    return sector >= x->ff.fatbase && sector - x->ff.fatbase < x->ff.fsize;
}

static bool is_in_second_fat(const struct fat_fs *x, uint32_t sector)
{
    return x->ff.n_fats == 2 && sector >= x->ff.fsize && is_in_fat(x, sector - x->ff.fsize);
}

static struct fat_block *take_spare(struct fat_fs *x)
{
    struct fat_block *b = x->spares;

    if (b != NULL) {
        x->spares = b->chain;
        x->nr_spares--;
        return b;
    }
    return malloc(sizeof(*b) + x->sector_bytes);
}

static int collect(struct fat_fs *x, uint32_t sector, const void *data)
{
    struct fat_block *b = find_block(x, sector);

    if (b == NULL || (b->wave != x->wave && !is_in_fat(x, sector))) {
        b = take_spare(x);
        if (b == NULL) {
            return -ENOMEM;
        }
        b->sector = sector;
        b->wave = x->wave;
        b->chain = *bucket_of(x, sector);
        *bucket_of(x, sector) = b;
        x->nr_blocks++;
    }
    memcpy(b->data, data, x->sector_bytes);
    return 0;
}

/* Both FATs are kept alike. */
static int write_sector(struct fat_fs *x, uint32_t sector, const void *data)
{
    int rc = cache_write(x->cache, (uint64_t)sector * x->sector_bytes, data, x->sector_bytes);

    if (rc == 0 && is_in_fat(x, sector) && x->ff.n_fats == 2) {
        rc = cache_write(x->cache, (uint64_t)(sector + x->ff.fsize) * x->sector_bytes, data, x->sector_bytes);
    }
    return rc;
}

static DRESULT answer(struct fat_fs *x, int rc)
{
    x->io_error = rc;
    return rc == 0 ? RES_OK : RES_ERROR;
}

static bool lies_on_disk(const struct fat_fs *x, uint32_t sector)
{
    return sector < cache_device(x->cache)->size_bytes / x->sector_bytes;
}

DRESULT fat_disk_read(void *drv, BYTE *to, DWORD sector, UINT count)
{
    struct fat_fs *x = drv;
    struct fat_block *b = find_block(x, sector);
    int rc;

    (void)count; /* FatFs asks for one at a time */
    if (!lies_on_disk(x, sector)) {
        return answer(x, -EIO);
    }
    if (b != NULL) {
        memcpy(to, b->data, x->sector_bytes);
        return answer(x, 0);
    }
    rc = cache_read(x->cache, (uint64_t)sector * x->sector_bytes, to, x->sector_bytes);
    if (rc != 0 && is_in_fat(x, sector) && x->ff.n_fats == 2) {
        rc = cache_read(x->cache, (uint64_t)(sector + x->ff.fsize) * x->sector_bytes, to, x->sector_bytes);
    }
    return answer(x, rc);
}

static bool is_zero(const unsigned char *data, size_t bytes)
{
    return data[0] == 0 && memcmp(data, data + 1, bytes - 1) == 0;
}

/*
 * A sector of zeros among the clusters is one that a directory just got: no removal leaves zeros. It must be on the disk before the FAT leads
 * there, or what the cluster held before would be read as entries.
 */
DRESULT fat_disk_write(void *drv, const BYTE *from, DWORD sector, UINT count)
{
    struct fat_fs *x = drv;
    int rc;

    (void)count;
    if (!lies_on_disk(x, sector)) {
        return answer(x, -EIO);
    }
    if (is_in_second_fat(x, sector)) {
        return answer(x, 0);
    }
    if (x->straight) {
        rc = write_sector(x, sector, from);
    } else if (sector >= x->ff.database && find_block(x, sector) == NULL && is_zero(from, x->sector_bytes)) {
        x->zeroed = true;
        rc = write_sector(x, sector, from);
    } else {
        rc = collect(x, sector, from);
    }
    return answer(x, rc);
}

DRESULT fat_disk_ioctl(void *drv, BYTE command, void *argument)
{
    struct fat_fs *x = drv;

    if (command == IOCTL_INIT || command == IOCTL_STATUS) {
        *(DSTATUS *)argument = 0;
    } else if (command == GET_SECTOR_SIZE) {
        *(WORD *)argument = (WORD)x->sector_bytes;
    }
    return RES_OK;
}

void fat_drop_blocks(struct fat_fs *x)
{
    for (unsigned int i = 0; i < FAT_BUCKETS; i++) {
        while (x->blocks[i] != NULL) {
            struct fat_block *b = x->blocks[i];

            x->blocks[i] = b->chain;
            free(b);
        }
    }
    x->nr_blocks = 0;
}

int fat_reserve(struct fat_fs *x)
{
    if (x->nr_losses + 4 > x->room_for_losses) {
        size_t room = x->room_for_losses * 2 + 16;
        struct fat_loss *more = realloc(x->losses, room * sizeof(*more));

        if (more == NULL) {
            return -ENOMEM;
        }
        x->losses = more;
        x->room_for_losses = room;
    }
    while (x->nr_spares < FAT_SPARE_BLOCKS) {
        struct fat_block *b = malloc(sizeof(*b) + x->sector_bytes);

        if (b == NULL) {
            return -ENOMEM;
        }
        b->chain = x->spares;
        x->spares = b;
        x->nr_spares++;
    }
    return 0;
}

int fat_lose(struct fat_fs *x, uint32_t start, uint32_t previous)
{
    if (x->nr_losses == x->room_for_losses) {
        return -ENOMEM;
    }
    x->losses[x->nr_losses++] = (struct fat_loss){start, previous};
    return 0;
}

/* Directories of one wave, or (@fats) the FATs' sectors; all that is neither, but for @fats, belongs to the directories. */
static int write_blocks(struct fat_fs *x, bool fats, unsigned int wave)
{
    int rc = 0;

    for (unsigned int i = 0; rc == 0 && i < FAT_BUCKETS; i++) {
        for (struct fat_block *b = x->blocks[i]; rc == 0 && b != NULL; b = b->chain) {
            if (is_in_fat(x, b->sector) == fats && (fats || b->wave == wave)) {
                rc = write_sector(x, b->sector, b->data);
            }
        }
    }
    return rc != 0 ? rc : cache_sync(x->cache);
}

/* No entry on the disk leads to them any more. */
static int free_losses(struct fat_fs *x)
{
    int rc = 0;

    x->straight = true;
    for (size_t i = 0; rc == 0 && i < x->nr_losses; i++) {
        rc = fat_free_chain(x, &x->losses[i]);
        x->freed = true;
    }
    x->nr_losses = 0;
    if (rc == 0) {
        rc = fat_lib_write_info(x);
    }
    x->straight = false;
    return rc;
}

static int commit(struct fat_fs *x)
{
    int rc = fat_lib_flush(x);

    if (rc == 0 && x->nr_blocks == 0 && x->nr_losses == 0) {
        return cache_sync(x->cache);
    }
    if (rc == 0 && (x->zeroed || x->freed)) {
        rc = cache_sync(x->cache);
    }
    rc = rc != 0 ? rc : write_blocks(x, true, 0);
    for (unsigned int wave = 0; rc == 0 && wave <= x->wave; wave++) {
        rc = write_blocks(x, false, wave);
    }
    if (rc != 0) {
        return rc;
    }
    fat_drop_blocks(x);
    x->wave = 0;
    x->zeroed = x->freed = false;
    return free_losses(x);
}

int fat_commit(struct fat_fs *x)
{
    int rc;

    if (x->failed != 0 && x->failed != -EROFS) {
        return x->failed;
    }
    rc = commit(x);
    if (rc != 0 && rc != -ENOMEM && x->failed == 0) {
        x->failed = rc;
    }
    return rc;
}

void fat_commit_if_large(struct fat_fs *x)
{
    if ((uint64_t)x->nr_blocks * x->sector_bytes >= LARGE_BYTES) {
        (void)fat_commit(x);
    }
}

int fat_make_room(struct fat_fs *x)
{
    int rc;

    fat_reap(x);
    if (x->nr_losses > 0) {
        rc = fat_commit(x);
        return rc != 0 ? rc : fat_reserve(x);
    }
    if (!x->counted) {
        rc = fat_lib_count(x);
        return rc != 0 ? rc : x->ff.free_clst > 0 ? 0 : -ENOSPC;
    }
    return -ENOSPC;
}
