// SPDX-License-Identifier: MIT
/*
 * Directories of ext, entry by entry. What a block holds the disk says, so every length is held against the block's end. Owns no
 * state but the last block that was looked at, in struct ext_fs.
 */
#include "ext_names.h"

#include <errno.h>
#include <string.h>

#include <xenolith/compiler.h>

static enum file_kind kind_of(const struct ext2_dir_entry *e)
{
    switch (ext2fs_dirent_file_type(e)) {
    case EXT2_FT_DIR:
        return FILE_DIRECTORY;
    case EXT2_FT_SYMLINK:
        return FILE_SYMLINK;
    case EXT2_FT_CHRDEV:
        return FILE_CHARACTER;
    case EXT2_FT_BLKDEV:
        return FILE_BLOCK;
    case EXT2_FT_FIFO:
        return FILE_FIFO;
    case EXT2_FT_SOCK:
        return FILE_SOCKET;
    default:
        return FILE_REGULAR;
    }
}

int ext_dir_block(struct ext_node *d, uint64_t block)
{
    struct ext_fs *x = ext_of(d->node.fs);
    blk64_t number = 0;
    errcode_t error = ext2fs_bmap2(x->e2, d->ino, ext_inode(d), NULL, 0, block, NULL, &number);

    if (error == 0 && number != 0 && number != x->dir_block_number) {
        x->dir_block_number = 0;
        error = ext2fs_read_dir_block4(x->e2, number, x->dir_block, 0, d->ino);
        if (error == 0) {
            x->dir_block_number = number;
        }
    }
    return error != 0 ? ext_errno(error) : number != 0;
}

/* The first entry at or behind byte @from of the block, as an answer. 1, or 0 when there is none. */
static int entry_in_block(struct ext_fs *x, uint64_t base, uint32_t from, struct dir_entry *out)
{
    unsigned int bytes;

    for (uint32_t at = 0; at + 8 <= x->e2->blocksize; at += bytes) {
        struct ext2_dir_entry *e = ext_entry_at(x, at, &bytes);
        unsigned int length;

        if (e == NULL) {
            return -EIO;
        }
        length = (unsigned int)ext2fs_dirent_name_len(e);
        if (at < from || e->inode == 0 || ext_is_dots(e->name, length)) {
            continue;
        }
        *out = (struct dir_entry){
            .next = base + at + bytes, .serial = e->inode, .kind = kind_of(e), .length = length};
        memcpy(out->name, e->name, length);
        out->name[length] = '\0';
        return 1;
    }
    return 0;
}

/* A cookie is a place in the directory, in bytes. */
int ext_list(struct node *dir, uint64_t cookie, struct dir_entry *out)
{
    struct ext_node *d = ext_node_of(dir);
    struct ext_fs *x = ext_of(dir->fs);
    uint32_t size = x->e2->blocksize;
    uint64_t end = EXT2_I_SIZE(&d->inode);
    int rc = 0;

    mutex_lock(&x->lock);
    /* A length that the disk made up: a directory has no holes, so it is no longer than what it holds. */
    end = MIN(end, ext2fs_inode_i_blocks(x->e2, ext_inode(d)) * 512);
    while (rc == 0 && cookie < end) {
        rc = ext_dir_block(d, cookie / size);
        if (rc == 1) {
            rc = entry_in_block(x, cookie - cookie % size, (uint32_t)(cookie % size), out);
        }
        cookie = (cookie / size + 1) * size;
    }
    mutex_unlock(&x->lock);
    return rc;
}
