// SPDX-License-Identifier: MIT
/*
 * Files that are open and have no name any more: a list on the disk, from the superblock from inode to inode through their times of deletion,
 * goes with each commit, so that whoever mounts after a power cut frees them. Linux also leaves files there that were being
 * cut, and may use a file in place of the list; both are worked off here.
 */
#include "ext_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <xenolith/compiler.h>
#include <xenolith/printk.h>

int ext_orphans_write(struct ext_fs *x)
{
    struct ext2_super_block *super = x->e2->super;
    ext2_ino_t next = 0;

    for (unsigned int i = 0; i < EXT_BUCKETS; i++) {
        for (struct ext_node *n = x->nodes[i]; n != NULL; n = n->chain) {
            if (n->inode.i_links_count > 0 || n->killed) {
                continue;
            }
            if (n->inode.i_dtime != next) {
                int rc;

                n->inode.i_dtime = next;
                rc = ext_node_write(n);
                if (rc != 0) {
                    return rc;
                }
            }
            next = n->ino;
        }
    }
    if (super->s_last_orphan != next) {
        super->s_last_orphan = next;
        ext2fs_mark_super_dirty(x->e2);
    }
    return 0;
}

static struct ext_node *find_orphan(struct ext_node *n)
{
    while (n != NULL && (n->inode.i_links_count > 0 || n->killed)) {
        n = n->chain;
    }
    return n;
}

/* While one is killed others, and that one too, may be closed: a reference keeps it, and the chain is looked through anew. */
void ext_orphans_kill(struct ext_fs *x)
{
    struct ext_node *n;

    ext_reap(x);
    for (unsigned int i = 0; i < EXT_BUCKETS; i++) {
        while ((n = find_orphan(x->nodes[i])) != NULL) {
            list_remove(&n->doom);
            node_get(&n->node);
            (void)ext_node_kill(n);
            node_put(&n->node);
        }
    }
}

static int cut_to_size(struct ext_node *n)
{
    struct ext_fs *x = ext_of(n->node.fs);
    uint32_t size = x->e2->blocksize;
    uint64_t first = EXT2_I_SIZE(&n->inode) / size + (EXT2_I_SIZE(&n->inode) % size != 0);
    errcode_t error = 0;

    if (ext2fs_inode_has_valid_blocks2(x->e2, ext_inode(n))) {
        error = ext2fs_punch(x->e2, n->ino, ext_inode(n), NULL, first, ~0ULL);
    }
    n->inode.i_dtime = 0;
    return error != 0 ? ext_errno(error) : ext_node_write(n);
}

/* One of the list, freed or cut; the next one. */
static int work_off(struct ext_fs *x, ext2_ino_t ino, ext2_ino_t *next)
{
    struct ext2_super_block *super = x->e2->super;
    struct ext_node *n;
    errcode_t error;
    int rc = -EUCLEAN;

    if (ino < EXT2_FIRST_INODE(super) || ino > super->s_inodes_count ||
        !ext2fs_test_inode_bitmap2(x->e2->inode_map, ino)) {
        return -EUCLEAN;
    }
    n = calloc(1, sizeof(*n));
    if (n == NULL) {
        return -ENOMEM;
    }
    n->node.fs = &x->fs;
    n->ino = ino;
    error = ext2fs_read_inode_full(x->e2, ino, ext_inode(n), sizeof(n->inode));
    *next = n->inode.i_dtime;
    n->node.kind = S_ISDIR(n->inode.i_mode) ? FILE_DIRECTORY : FILE_REGULAR;
    if (error != 0) {
        rc = ext_errno(error);
    } else if (n->inode.i_links_count == 0) {
        rc = ext_node_kill(n);
    } else if (S_ISREG(n->inode.i_mode)) {
        rc = cut_to_size(n);
    }
    free(n);
    return rc;
}

static int work_off_list(struct ext_fs *x, unsigned int *nr)
{
    struct ext2_super_block *super = x->e2->super;
    int rc = 0;

    /* A list that runs in a circle meets an inode that is free by now, or is as long as the table. */
    while (rc == 0 && super->s_last_orphan != 0 && *nr < super->s_inodes_count) {
        ext2_ino_t next = 0;

        rc = work_off(x, super->s_last_orphan, &next);
        super->s_last_orphan = rc == 0 ? next : 0;
        ext2fs_mark_super_dirty(x->e2);
        ext_commit_if_large(x);
        (*nr)++;
    }
    return rc;
}

static int work_off_block(struct ext_fs *x, uint64_t number, char *block, unsigned int *nr)
{
    ext2_ino_t ino = x->e2->super->s_orphan_file_inum;
    errcode_t error = io_channel_read_blk64(x->e2->io, number, 1, block);
    int rc = ext_errno(error);

    if (rc == 0 && (ext2fs_orphan_block_tail(x->e2, block)->ob_magic != EXT4_ORPHAN_BLOCK_MAGIC ||
                    !ext2fs_orphan_file_block_csum_verify(x->e2, ino, number, block))) {
        rc = -EUCLEAN;
    }
    for (int i = 0; rc == 0 && i < ext2fs_inodes_per_orphan_block(x->e2); i++) {
        uint32_t orphan;
        ext2_ino_t unused;

        memcpy(&orphan, block + (size_t)i * sizeof(orphan), sizeof(orphan));
        if (orphan != 0) {
            rc = work_off(x, orphan, &unused);
            memset(block + (size_t)i * sizeof(orphan), 0, sizeof(orphan));
            (*nr)++;
        }
    }
    if (rc != 0) {
        return rc;
    }
    ext2fs_orphan_file_block_csum_set(x->e2, ino, number, block);
    return ext_errno(io_channel_write_blk64(x->e2->io, number, 1, block));
}

static int work_off_file(struct ext_fs *x, unsigned int *nr)
{
    struct ext2_super_block *super = x->e2->super;
    char *block = malloc(x->e2->blocksize);
    struct ext2_inode inode;
    errcode_t error = block == NULL ? EXT2_ET_NO_MEMORY
                                    : ext2fs_read_inode(x->e2, super->s_orphan_file_inum, &inode);
    uint64_t blocks = error == 0 ? EXT2_I_SIZE(&inode) / x->e2->blocksize : 0;
    int rc = ext_errno(error);

    for (uint64_t i = 0; rc == 0 && i < blocks; i++) {
        blk64_t number = 0;

        rc = ext_errno(ext2fs_bmap2(x->e2, super->s_orphan_file_inum, &inode, NULL, 0, i, NULL, &number));
        rc = rc != 0 ? rc : number == 0 ? -EUCLEAN : work_off_block(x, number, block, nr);
    }
    free(block);
    if (rc == 0) {
        ext2fs_clear_feature_orphan_present(super);
        ext2fs_mark_super_dirty(x->e2);
    }
    return rc;
}

int ext_orphans_free(struct ext_fs *x)
{
    struct ext2_super_block *super = x->e2->super;
    unsigned int nr = 0;
    int rc = work_off_list(x, &nr);

    if (rc == 0 && ext2fs_has_feature_orphan_file(super) && ext2fs_has_feature_orphan_present(super)) {
        rc = work_off_file(x, &nr);
    }
    if (rc != 0) {
        /* As Linux: it can be used, but somebody should look at it. */
        pr_warn("ext: %s: its list of forgotten files is damaged: e2fsck should look at it",
                x->e2->device_name);
        super->s_state |= EXT2_ERROR_FS;
        ext2fs_mark_super_dirty(x->e2);
    }
    if (nr > 0) {
        pr_info("ext: %s: %u forgotten files freed", x->e2->device_name, nr);
    }
    return nr > 0 ? ext_commit(x) : 0;
}
