# SPDX-License-Identifier: MIT
# Disks and their file systems: included by the top-level Makefile. libext2fs and the journal's recovery come from e2fsprogs.
#
# E2FS_CPPFLAGS  their headers, and in front of them what their configure would have written (lib/fs/e2fsprogs).

, := ,
E2FS_DIR := build/deps/e2fsprogs
E2FS_OBJ := build/deps/e2fsprogs-obj
E2FS_STAMP := $(E2FS_DIR)/.done
E2FS_CPPFLAGS := -isystem lib/fs/e2fsprogs -isystem $(E2FS_OBJ)/include -isystem $(E2FS_DIR)/lib -isystem $(E2FS_DIR)/lib/ext2fs \
	-isystem $(E2FS_DIR)/e2fsck -isystem $(E2FS_DIR)/debugfs -D_GNU_SOURCE

# What it asks memory of: lib/fs/ext_spare.c.
E2FS_MALLOC := -Dmalloc=ext_malloc -Dcalloc=ext_calloc -Drealloc=ext_realloc

# Not what asks an operating system for disks, makes images, or is a tool's own.
E2FS_NAMES := $(addprefix lib/ext2fs/, alloc alloc_sb alloc_stats alloc_tables badblocks bb_inode bitmaps bitops blkmap64_ba \
	blkmap64_rb blknum block bmap check_desc closefs crc16 crc32c csum dblist dblist_dir dirblock dirhash dir_iterate expanddir \
	ext_attr extent fallocate fileio freefs gen_bitmap gen_bitmap64 get_num_dirs hashmap i_block icount ind_block inline \
	inline_data inode io_manager link lookup mkdir mkjournal mmp namei native newdir nls_utf8 openfs orphan punch \
	read_bb res_gdt rw_bitmaps sha512 swapfs symlink unlink valid_blk version rbtree) \
	debugfs/journal e2fsck/recovery e2fsck/revoke
E2FS_OBJS := $(E2FS_NAMES:%=$(E2FS_OBJ)/%.o)
E2FS_HEADERS := $(wildcard lib/fs/e2fsprogs/*.h lib/fs/e2fsprogs/*/*.h)
E2FS_MADE := $(E2FS_OBJ)/include/ext2fs/ext2_err.h $(E2FS_OBJ)/include/crc32c_table.h

LIB_SRCS += $(wildcard lib/fs/*.c)
DEP_LIBS += $(E2FS_OBJ)/libext2fs.a

$(E2FS_STAMP): deps/unpack deps/fetch deps/pins $(wildcard deps/e2fsprogs/*.patch)
	$(SAY) UNPACK e2fsprogs
	$(Q)deps/unpack e2fsprogs $(E2FS_DIR)

# Their error numbers and the table of the checksum come out of scripts and a program of theirs.
$(E2FS_OBJ)/include/ext2fs/ext2_err.h: $(E2FS_STAMP)
	@mkdir -p $(@D)
	$(Q)sed 's/@E2FSPROGS_VERSION@/of e2fsprogs/' $(E2FS_DIR)/lib/ext2fs/ext2_err.et.in >$(@D)/ext2_err.et
	$(Q)awk -f $(E2FS_DIR)/lib/et/et_h.awk outfile=$@ outfn=ext2_err.h $(@D)/ext2_err.et

$(E2FS_OBJ)/include/crc32c_table.h: $(E2FS_STAMP)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -w -o $(E2FS_OBJ)/gen_crc32ctable $(E2FS_DIR)/lib/ext2fs/gen_crc32ctable.c
	$(Q)$(E2FS_OBJ)/gen_crc32ctable >$@

$(E2FS_OBJS): $(E2FS_OBJ)/%.o: $(E2FS_MADE) $(E2FS_HEADERS) lib/fs/fs.mk $(SYSROOT_STAMP) | $(GENERATED)
	@mkdir -p $(@D)
	$(SAY) CC e2fsprogs/$*
	$(Q)$(TARGET_CC) $(LIB_CPPFLAGS) $(E2FS_CPPFLAGS) -std=gnu11 -O2 -g $(ABI_CFLAGS) -w -c $(E2FS_DIR)/$*.c -o $@

$(E2FS_OBJS): private E2FS_CPPFLAGS += $(E2FS_MALLOC)

# In its place stands lib/fs/ext_crc32c.c, which falls back to it.
E2FS_RENAME_CRC := -Dext2fs_crc32c_le=ext2fs_crc32c_le_by_table
$(E2FS_OBJ)/lib/ext2fs/crc32c.o: private E2FS_CPPFLAGS += $(E2FS_RENAME_CRC)

$(E2FS_OBJ)/libext2fs.a: $(E2FS_OBJS)
	$(SAY) AR $@
	@rm -f $@
	$(Q)$(CROSS_COMPILE)ar rcs $@ $^

FS_EXT_OBJS := $(patsubst %.c,build/obj/%.o,$(wildcard lib/fs/ext*.c))
$(FS_EXT_OBJS): LIB_CPPFLAGS += $(E2FS_CPPFLAGS)
$(FS_EXT_OBJS): | $(E2FS_MADE)

UNIT_OBJS_cache := $(wildcard lib/fs/cache*.c) kernel/blkdev.c

# On the host: libext2fs too, and a disk in memory.
UNIT_OBJS_ext = $(wildcard lib/fs/ext*.c lib/fs/cache*.c) kernel/blkdev.c $(VFS_FILES_SRCS) $(E2FS_NAMES:%=$(E2FS_DIR)/%.c)
UNIT_OBJS_ext_crash = $(UNIT_OBJS_ext)
UNIT_OBJS_files_race = $(UNIT_OBJS_ext)
UNIT_OBJS_ext_memory = $(UNIT_OBJS_ext)
UNIT_LDFLAGS_ext_memory := -Wl,--wrap=malloc -Wl,--wrap=calloc
UNIT_OBJS_ext_evil = $(UNIT_OBJS_ext)
UNIT_OBJS_ext_names = $(UNIT_OBJS_ext)
UNIT_OBJS_ext_features = $(UNIT_OBJS_ext)
# Checksums that an attacker put right: tests/unit/ext_hostile.h.
UNIT_LDFLAGS_ext_evil := $(addsuffix _csum_verify, $(addprefix -Wl$(,)--wrap=ext2fs_, superblock group_desc block_bitmap inode_bitmap \
	inode extent_block dir_block ext_attr_block orphan_file_block))
FUZZ_OBJS_ext = $(UNIT_OBJS_ext)
FUZZ_LDFLAGS_ext = $(UNIT_LDFLAGS_ext_evil)
$(foreach f,$(basename $(notdir $(wildcard lib/fs/ext*.c))),$(eval UNIT_CFLAGS_$f := $(E2FS_CPPFLAGS)))
$(foreach f,$(notdir $(E2FS_NAMES)),$(eval UNIT_CFLAGS_$f := -w -fno-sanitize=undefined $(E2FS_CPPFLAGS) $(E2FS_MALLOC)))
UNIT_CFLAGS_crc32c += $(E2FS_RENAME_CRC)
$(E2FS_NAMES:%=build/unit/obj/$(E2FS_DIR)/%.o): lib/fs/fs.mk $(E2FS_STAMP)
$(E2FS_NAMES:%=$(E2FS_DIR)/%.c): $(E2FS_STAMP)
$(patsubst %.c,build/unit/obj/%.o,$(wildcard lib/fs/ext*.c)) $(E2FS_NAMES:%=build/unit/obj/$(E2FS_DIR)/%.o): | $(E2FS_MADE)
