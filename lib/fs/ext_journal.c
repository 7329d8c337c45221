// SPDX-License-Identifier: MIT
/*
 * Transactions through an ext3 or ext4 journal, in the format of Linux' jbd2. One transaction is in the journal at a time: its
 * blocks are written there, then its commit block, then the blocks to their places, then the journal is marked as empty; a flush stands
 * behind each step. So a replay (by us, Linux or e2fsck) finds one whole transaction or nothing, and never anything stale. Without a
 * journal (ext2) blocks go to their places directly.
 * ABI: the header, tags and superblock of jbd2 as ext2fs/kernel-jbd.h has them.
 */
#include "ext_priv.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ext2fs/kernel-jbd.h>

/* Theirs is printf. */
#undef printk
#undef pr_err

#include <xenolith/boot.h>
#include <xenolith/printk.h>
#include <xenolith/time.h>
#include <xenolith/types.h>

/* What a transaction may hold at most: memory, and how long a commit takes. */
#define LARGEST_JOURNAL 2048
#define MEMORY_SHARE    16

/* The journal's own: the superblock, the commit block, and room for a few descriptors. */
#define OVERHEAD 16

static void put32(void *at, uint32_t value)
{
    uint32_t big = htobe32(value);

    memcpy(at, &big, sizeof(big));
}

static uint32_t get32(const void *at)
{
    uint32_t big;

    memcpy(&big, at, sizeof(big));
    return be32toh(big);
}

static bool has_64bit(const struct ext_fs *x)
{
    return ext2fs_blocks_count(x->e2->super) > UINT32_MAX;
}

static journal_superblock_t *superblock_of(struct ext_fs *x)
{
    return (journal_superblock_t *)x->journal.superblock;
}

static int write_block(struct ext_fs *x, uint64_t number, const void *data)
{
    return ext_disk_write(x, number * x->e2->blocksize, data, x->e2->blocksize);
}

/* @start: 0 says that the journal is empty. */
static int write_superblock(struct ext_fs *x, uint32_t start)
{
    journal_superblock_t *sb = superblock_of(x);

    put32(&sb->s_start, start);
    put32(&sb->s_sequence, x->journal.sequence);
    return write_block(x, x->journal.blocks[0], sb);
}

static int find_blocks(struct ext_fs *x, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++) {
        blk64_t block = 0;
        errcode_t error = ext2fs_bmap2(x->e2, x->e2->super->s_journal_inum, NULL, NULL, 0, i, NULL, &block);

        if (error != 0 || block == 0) {
            return error != 0 ? ext_errno(error) : -EIO;
        }
        x->journal.blocks[i] = block;
    }
    return 0;
}

/* Checksums and the like belong to who wrote the journal last; it is empty, so it may become a plain one. */
static int take_over(struct ext_fs *x, uint32_t nr)
{
    journal_superblock_t *sb = superblock_of(x);
    uint32_t known = get32(&sb->s_header.h_blocktype);

    if (get32(&sb->s_header.h_magic) != JBD2_MAGIC_NUMBER ||
        (known != JBD2_SUPERBLOCK_V1 && known != JBD2_SUPERBLOCK_V2) ||
        get32(&sb->s_blocksize) != x->e2->blocksize || get32(&sb->s_start) != 0) {
        return -EIO;
    }
    x->journal.first = get32(&sb->s_first);
    x->journal.sequence = get32(&sb->s_sequence);
    if (x->journal.first == 0 || x->journal.first + OVERHEAD * 2 > nr || get32(&sb->s_maxlen) < nr) {
        return -EIO;
    }
    put32(&sb->s_header.h_blocktype, JBD2_SUPERBLOCK_V2);
    sb->s_feature_compat = 0;
    put32(&sb->s_feature_incompat, has_64bit(x) ? JBD2_FEATURE_INCOMPAT_64BIT : 0);
    sb->s_feature_ro_compat = 0;
    sb->s_checksum_type = 0;
    sb->s_checksum = 0;
    x->journal.nr = nr;
    return write_superblock(x, 0);
}

int ext_journal_check(struct ext_fs *x)
{
    journal_superblock_t sb;
    blk64_t block = 0;
    errcode_t error;
    int rc;

    if (x->e2->super->s_journal_inum == 0) {
        return -EOPNOTSUPP;
    }
    error = ext2fs_bmap2(x->e2, x->e2->super->s_journal_inum, NULL, NULL, 0, 0, NULL, &block);
    rc = error != 0 ? ext_errno(error) : block == 0 ? -EUCLEAN : 0;
    rc = rc != 0 ? rc : ext_disk_read(x, block * x->e2->blocksize, &sb, sizeof(sb));
    if (rc != 0) {
        return rc;
    }
    if ((get32(&sb.s_feature_incompat) & JBD2_FEATURE_INCOMPAT_FAST_COMMIT) != 0) {
        pr_err("ext: %s: its journal has fast commits, which only Linux can replay", x->e2->device_name);
        return -EOPNOTSUPP;
    }
    return 0;
}

int ext_journal_open(struct ext_fs *x)
{
    struct ext2_super_block *super = x->e2->super;
    struct ext2_inode inode;
    errcode_t error;
    uint32_t nr;
    int rc;

    if (!ext2fs_has_feature_journal(super)) {
        return 0;
    }
    if (super->s_journal_inum == 0) {
        pr_err("ext: %s: its journal is on another disk, which is not supported", x->e2->device_name);
        return -EOPNOTSUPP;
    }
    error = ext2fs_read_inode(x->e2, super->s_journal_inum, &inode);
    if (error != 0) {
        return ext_errno(error);
    }
    nr = (uint32_t)MIN(EXT2_I_SIZE(&inode) / x->e2->blocksize, (uint64_t)LARGEST_JOURNAL);
    nr = MIN(nr, (uint32_t)MAX(boot_info.nr_pages * PAGE_SIZE / MEMORY_SHARE / x->e2->blocksize, 64u));
    if (nr <= OVERHEAD) {
        return -EUCLEAN;
    }
    x->journal.blocks = calloc(nr, sizeof(*x->journal.blocks));
    x->journal.superblock = malloc(x->e2->blocksize);
    if (x->journal.blocks == NULL || x->journal.superblock == NULL) {
        return -ENOMEM;
    }
    rc = find_blocks(x, nr);
    if (rc == 0) {
        rc = ext_disk_read(x, x->journal.blocks[0] * x->e2->blocksize, x->journal.superblock,
                           x->e2->blocksize);
    }
    return rc != 0 ? rc : take_over(x, nr);
}

void ext_journal_close(struct ext_fs *x)
{
    free(x->journal.blocks);
    free(x->journal.superblock);
    x->journal = (struct ext_journal){0};
}

/** struct journal_writer - A transaction on its way into the journal: @at is the next block to fill, @tag the next tag's place. */
struct journal_writer {
    struct ext_fs *x;
    uint32_t at, descriptor_at;
    char *descriptor, *copy;
    size_t tag, last_flags;
};

static void put_header(struct ext_fs *x, char *block, uint32_t kind)
{
    memset(block, 0, x->e2->blocksize);
    put32(block, JBD2_MAGIC_NUMBER);
    put32(block + 4, kind);
    put32(block + 8, x->journal.sequence);
}

static size_t tag_bytes(const struct ext_fs *x)
{
    return has_64bit(x) ? 12 : 8;
}

static void add_flag(struct journal_writer *w, uint16_t flag)
{
    uint16_t flags;

    memcpy(&flags, w->descriptor + w->last_flags, sizeof(flags));
    flags |= htobe16(flag);
    memcpy(w->descriptor + w->last_flags, &flags, sizeof(flags));
}

static int end_descriptor(struct journal_writer *w)
{
    if (w->tag == 0) {
        return 0;
    }
    add_flag(w, JBD2_FLAG_LAST_TAG);
    w->tag = 0;
    return write_block(w->x, w->x->journal.blocks[w->descriptor_at], w->descriptor);
}

/* The first tag of a descriptor is followed by an identity, of which nothing depends. */
static void add_tag(struct journal_writer *w, uint64_t number, uint16_t flags)
{
    struct ext_fs *x = w->x;
    char *tag;

    if (w->tag == 0) {
        put_header(x, w->descriptor, JBD2_DESCRIPTOR_BLOCK);
        w->descriptor_at = w->at++;
        w->tag = sizeof(journal_header_t);
    } else {
        flags |= JBD2_FLAG_SAME_UUID;
    }
    tag = w->descriptor + w->tag;
    put32(tag, (uint32_t)number);
    w->last_flags = w->tag + 6;
    if (has_64bit(x)) {
        put32(tag + 8, (uint32_t)(number >> 32));
    }
    w->tag += tag_bytes(x) + ((flags & JBD2_FLAG_SAME_UUID) != 0 ? 0 : 16);
    add_flag(w, flags);
}

static int add_to_journal(struct journal_writer *w, const struct ext_block *b)
{
    struct ext_fs *x = w->x;
    bool escape = get32(b->data) == JBD2_MAGIC_NUMBER;
    const char *data = b->data;
    int rc;

    add_tag(w, b->number, escape ? JBD2_FLAG_ESCAPE : 0);
    if (escape) {
        /* Or a replay would take the block for one of the journal's own. */
        memcpy(w->copy, b->data, x->e2->blocksize);
        memset(w->copy, 0, 4);
        data = w->copy;
    }
    rc = write_block(x, x->journal.blocks[w->at++], data);
    if (rc == 0 && w->tag + tag_bytes(x) + 16 > x->e2->blocksize) {
        rc = end_descriptor(w);
    }
    return rc;
}

/* Blocks and descriptors that a transaction takes in the journal. */
static uint32_t needed(const struct ext_fs *x)
{
    uint32_t tags = (uint32_t)((x->e2->blocksize - sizeof(journal_header_t) - 16) / tag_bytes(x)) - 1;

    return x->nr_blocks + x->nr_blocks / tags + 2;
}

static int for_blocks(struct ext_fs *x, int (*fn)(struct journal_writer *w, const struct ext_block *b),
                      struct journal_writer *w)
{
    int rc = 0;

    for (unsigned int i = 0; i < EXT_BUCKETS; i++) {
        for (struct ext_block *b = x->blocks[i]; rc == 0 && b != NULL; b = b->chain) {
            rc = fn(w, b);
        }
    }
    return rc;
}

static int put_in_place(struct journal_writer *w, const struct ext_block *b)
{
    return write_block(w->x, b->number, b->data);
}

/* Everything but the commit block, the files' own bytes too; then that block alone. */
static int write_journal(struct journal_writer *w)
{
    struct ext_fs *x = w->x;
    uint64_t now_s = time_wall_ns() / NS_PER_SEC;
    int rc;

    w->at = x->journal.first;
    rc = for_blocks(x, add_to_journal, w);
    rc = rc != 0 ? rc : end_descriptor(w);
    rc = rc != 0 ? rc : write_superblock(x, x->journal.first);
    rc = rc != 0 ? rc : ext_disk_sync(x);
    if (rc != 0) {
        return rc;
    }
    put_header(x, w->descriptor, JBD2_COMMIT_BLOCK);
    put32(w->descriptor + offsetof(struct commit_header, h_commit_sec), (uint32_t)(now_s >> 32));
    put32(w->descriptor + offsetof(struct commit_header, h_commit_sec) + 4, (uint32_t)now_s);
    rc = write_block(x, x->journal.blocks[w->at], w->descriptor);
    return rc != 0 ? rc : ext_disk_sync(x);
}

static int write_transaction(struct ext_fs *x)
{
    struct journal_writer w = {.x = x};
    bool journalled = x->journal.nr > 0 && x->journal.first + needed(x) < x->journal.nr;
    int rc = 0;

    if (journalled) {
        w.descriptor = malloc(x->e2->blocksize);
        w.copy = malloc(x->e2->blocksize);
        rc = w.descriptor == NULL || w.copy == NULL ? -ENOMEM : write_journal(&w);
        free(w.descriptor);
        free(w.copy);
    } else if (x->journal.nr > 0) {
        pr_warn("ext: %s: a change of %u blocks is larger than the journal", x->e2->device_name,
                x->nr_blocks);
    }
    rc = rc != 0 ? rc : for_blocks(x, put_in_place, &w);
    rc = rc != 0 ? rc : ext_disk_sync(x);
    if (rc == 0 && journalled) {
        x->journal.sequence++;
        rc = write_superblock(x, 0);
        rc = rc != 0 ? rc : ext_disk_sync(x);
    }
    return rc;
}

static int remember_committed(struct ext_fs *x)
{
    ext2fs_block_bitmap copy;
    errcode_t error = ext2fs_copy_bitmap(x->e2->block_map, &copy);

    if (error != 0) {
        return ext_errno(error);
    }
    if (x->committed != NULL) {
        ext2fs_free_block_bitmap(x->committed);
    }
    x->committed = copy;
    x->nr_freed = 0;
    x->transaction++;
    return 0;
}

void ext_stop(struct ext_fs *x, int rc, const char *why)
{
    x->failed = rc;
    x->fs.read_only = true;
    pr_err("ext: %s: %s (%d): nothing is written any more", x->e2->device_name, why, rc);
}

bool ext_has_changes(const struct ext_fs *x)
{
    unsigned int dirty = EXT2_FLAG_DIRTY | EXT2_FLAG_BB_DIRTY | EXT2_FLAG_IB_DIRTY;

    return x->nr_blocks > 0 || ((unsigned int)x->e2->flags & dirty) != 0 || !list_is_empty(&x->doomed);
}

int ext_commit(struct ext_fs *x)
{
    errcode_t error;
    int rc;

    if (x->fs.read_only || x->failed != 0) {
        return x->failed;
    }
    if (x->torn != 0) {
        ext_stop(x, x->torn, "a change came only half-way");
        return x->failed;
    }
    if (!ext_has_disk(x)) {
        ext_stop(x, -EIO, "its disk was taken away");
        return -EIO;
    }
    if (!ext_has_changes(x)) {
        return ext_disk_sync(x);
    }
    rc = ext_orphans_write(x);
    error = rc == 0 ? ext2fs_flush2(x->e2, EXT2_FLAG_FLUSH_NO_SYNC) : 0;
    rc = rc != 0 ? rc : ext_errno(error);
    if (rc == 0 && x->nr_blocks == 0) {
        return ext_disk_sync(x);
    }
    rc = rc != 0 ? rc : write_transaction(x);
    if (rc == 0) {
        ext_discard_freed(x);
        rc = remember_committed(x);
    }
    if (rc != 0) {
        /* What the disk has is the last transaction, whole; nothing may come on top of half a one. */
        ext_stop(x, rc, "a transaction failed");
        return rc;
    }
    ext_drop_blocks(x);
    return 0;
}

void ext_commit_if_large(struct ext_fs *x)
{
    uint32_t limit = x->journal.nr > 0 ? x->journal.nr / 4 : LARGEST_JOURNAL / 4;

    if (x->nr_blocks > limit) {
        (void)ext_commit(x);
    }
}

bool ext_commit_for_room(struct ext_fs *x)
{
    return x->nr_freed > 0 && ext_commit(x) == 0;
}
