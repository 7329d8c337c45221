// SPDX-License-Identifier: MIT
/*
 * What the superblock and the descriptors of groups say about sizes and places, held against each other and against the disk, before
 * libext2fs computes with them: it believes them. Owns nothing; changes nothing.
 */
#include "ext_priv.h"

#include <errno.h>

static bool is_power_of_two(uint32_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

/* Bitmaps of a group are one block each. */
static bool check_group_sizes(const struct ext2_super_block *s, uint32_t block_bytes)
{
    uint32_t ratio_log = s->s_log_cluster_size - s->s_log_block_size, bits = block_bytes * 8;
    uint32_t inode_bytes = EXT2_INODE_SIZE(s);

    if (!ext2fs_has_feature_bigalloc((struct ext2_super_block *)s)) {
        if (ratio_log != 0) {
            return false;
        }
    } else if (s->s_clusters_per_group == 0 || s->s_clusters_per_group > bits ||
               (uint64_t)s->s_clusters_per_group << ratio_log != s->s_blocks_per_group) {
        return false;
    }
    return is_power_of_two(inode_bytes) && s->s_blocks_per_group >= 256 && s->s_blocks_per_group % 8 == 0 &&
           s->s_blocks_per_group >> ratio_log <= bits && s->s_inodes_per_group % 8 == 0 &&
           s->s_inodes_per_group <= bits && s->s_inodes_per_group >= block_bytes / inode_bytes;
}

static bool check_inodes(const struct ext2_super_block *s, uint32_t block_bytes, uint64_t groups)
{
    uint32_t inode_bytes = EXT2_INODE_SIZE(s), first = EXT2_FIRST_INODE(s);

    return is_power_of_two(inode_bytes) && inode_bytes >= EXT2_GOOD_OLD_INODE_SIZE &&
           inode_bytes <= block_bytes && first >= EXT2_GOOD_OLD_FIRST_INO &&
           s->s_inodes_count == groups * s->s_inodes_per_group && first < s->s_inodes_count &&
           s->s_free_inodes_count <= s->s_inodes_count &&
           (s->s_journal_inum == 0 || s->s_journal_inum == EXT2_JOURNAL_INO ||
            (s->s_journal_inum >= first && s->s_journal_inum <= s->s_inodes_count)) &&
           s->s_orphan_file_inum <= s->s_inodes_count;
}

int ext_check_super(const struct ext2_super_block *s, uint64_t disk_bytes)
{
    struct ext2_super_block *super = (struct ext2_super_block *)s;
    uint64_t blocks = ext2fs_blocks_count(super), groups, desc_blocks;
    uint32_t block_bytes, desc_bytes = EXT2_MIN_DESC_SIZE;

    if (s->s_log_block_size > 6 || s->s_log_cluster_size < s->s_log_block_size ||
        s->s_log_cluster_size - s->s_log_block_size > 20 || s->s_log_groups_per_flex > 31) {
        return -EUCLEAN;
    }
    block_bytes = EXT2_BLOCK_SIZE(s);
    if (!check_group_sizes(s, block_bytes) || blocks > disk_bytes / block_bytes ||
        s->s_first_data_block > 1 || (s->s_first_data_block == 1 && block_bytes != 1024) ||
        (s->s_first_data_block == 0 && block_bytes == 1024 && s->s_log_cluster_size == s->s_log_block_size) ||
        blocks <= s->s_first_data_block + UINT64_C(16) || ext2fs_free_blocks_count(super) > blocks) {
        return -EUCLEAN;
    }
    groups = (blocks - s->s_first_data_block + s->s_blocks_per_group - 1) / s->s_blocks_per_group;
    if (ext2fs_has_feature_64bit(super)) {
        desc_bytes = s->s_desc_size;
        if (!is_power_of_two(desc_bytes) || desc_bytes < EXT2_MIN_DESC_SIZE_64BIT ||
            desc_bytes > block_bytes) {
            return -EUCLEAN;
        }
    }
    desc_blocks = (groups * desc_bytes + block_bytes - 1) / block_bytes;
    if (!check_inodes(s, block_bytes, groups) || s->s_reserved_gdt_blocks > block_bytes / 4 ||
        (ext2fs_has_feature_meta_bg(super) && s->s_first_meta_bg > desc_blocks) ||
        (!ext2fs_has_feature_meta_bg(super) && desc_blocks + 1 >= s->s_blocks_per_group)) {
        return -EUCLEAN;
    }
    return 0;
}

static bool lies_within(const struct ext_fs *x, uint64_t block, uint64_t nr)
{
    uint64_t blocks = ext2fs_blocks_count(x->e2->super);

    return block > x->e2->super->s_first_data_block && nr <= blocks && block <= blocks - nr;
}

int ext_check_groups(const struct ext_fs *x)
{
    ext2_filsys e2 = x->e2;

    for (dgrp_t group = 0; group < e2->group_desc_count; group++) {
        if (!lies_within(x, ext2fs_block_bitmap_loc(e2, group), 1) ||
            !lies_within(x, ext2fs_inode_bitmap_loc(e2, group), 1) ||
            !lies_within(x, ext2fs_inode_table_loc(e2, group), e2->inode_blocks_per_group) ||
            ext2fs_bg_free_blocks_count(e2, group) > e2->super->s_blocks_per_group ||
            ext2fs_bg_free_inodes_count(e2, group) > e2->super->s_inodes_per_group ||
            ext2fs_bg_used_dirs_count(e2, group) > e2->super->s_inodes_per_group ||
            ext2fs_bg_itable_unused(e2, group) > e2->super->s_inodes_per_group) {
            return -EUCLEAN;
        }
    }
    return 0;
}
