// SPDX-License-Identifier: MIT
/*
 * FatFs's way to the disk. What FatFs writes stays in memory as sectors until a commit.
 */
#include "fat_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <diskio.h>

#include <xenolith/compiler.h>

/* Once the toolstack has put another disk in the place of ours nothing of it is our business. */
static bool has_disk(const struct fat_fs *x)
{
    return cache_device(x->cache)->generation == x->generation;
}

int fat_get(struct fat_fs *x, uint64_t offset, void *buf, size_t bytes)
{
    return has_disk(x) ? cache_read(x->cache, offset, buf, bytes) : -EIO;
}

int fat_put(struct fat_fs *x, uint64_t offset, const void *buf, size_t bytes)
{
    return has_disk(x) ? cache_write(x->cache, offset, buf, bytes) : -EIO;
}

int fat_flush(struct fat_fs *x)
{
    return has_disk(x) ? cache_sync_since(x->cache, &x->errors_seen) : -EIO;
}

void fat_let_go(struct fat_fs *x)
{
    if (x->failed != 0 && has_disk(x)) {
        /* What did not reach the disk must not do so later, out of its order. */
        cache_abandon(x->cache);
    } else {
        cache_forget(x->cache);
    }
}

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
    int rc = fat_put(x, (uint64_t)sector * x->sector_bytes, data, x->sector_bytes);

    if (rc == 0 && is_in_fat(x, sector) && x->ff.n_fats == 2) {
        rc = fat_put(x, (uint64_t)(sector + x->ff.fsize) * x->sector_bytes, data, x->sector_bytes);
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
    if (b != NULL && !x->old_view) {
        memcpy(to, b->data, x->sector_bytes);
        return answer(x, 0);
    }
    rc = fat_get(x, (uint64_t)sector * x->sector_bytes, to, x->sector_bytes);
    if (rc != 0 && is_in_fat(x, sector) && x->ff.n_fats == 2) {
        rc = fat_get(x, (uint64_t)(sector + x->ff.fsize) * x->sector_bytes, to, x->sector_bytes);
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

/* Directories of one wave, or (@fats) the FATs' sectors; all that is neither belongs to the directories. */
int fat_write_blocks(struct fat_fs *x, bool fats, unsigned int wave)
{
    int rc = 0;

    for (unsigned int i = 0; rc == 0 && i < FAT_BUCKETS; i++) {
        for (struct fat_block *b = x->blocks[i]; rc == 0 && b != NULL; b = b->chain) {
            if (is_in_fat(x, b->sector) == fats && (fats || b->wave == wave)) {
                rc = write_sector(x, b->sector, b->data);
            }
        }
    }
    return rc != 0 ? rc : fat_flush(x);
}

int fat_changed_fat(struct fat_fs *x, int (*see)(struct fat_fs *x, uint32_t first, uint32_t last, void *arg),
                    void *arg)
{
    uint32_t bits = x->ff.fs_type == FS_FAT12 ? 12 : x->ff.fs_type == FS_FAT16 ? 16 : 32;
    unsigned int nr = 0;
    int rc = 0;

    for (unsigned int i = 0; i < FAT_BUCKETS; i++) {
        for (struct fat_block *b = x->blocks[i]; b != NULL; b = b->chain) {
            nr += is_in_fat(x, b->sector);
        }
    }
    for (unsigned int i = 0; nr > 1 && rc == 0 && i < FAT_BUCKETS; i++) {
        for (struct fat_block *b = x->blocks[i]; rc == 0 && b != NULL; b = b->chain) {
            if (is_in_fat(x, b->sector)) {
                uint64_t bit = (uint64_t)(b->sector - x->ff.fatbase) * x->sector_bytes * 8;

                rc = see(x, (uint32_t)(bit / bits), (uint32_t)((bit + x->sector_bytes * 8) / bits), arg);
            }
        }
    }
    return rc;
}
