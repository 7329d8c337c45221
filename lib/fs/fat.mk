# SPDX-License-Identifier: MIT
# FAT: FatFs is one file, which lib/fs/fat_lib.c includes; what is configurable of it is lib/fs/fat_config.h.

FATFS_DIR := build/deps/fatfs
FATFS_STAMP := $(FATFS_DIR)/.done
FATFS_CPPFLAGS := -isystem $(FATFS_DIR) -Ilib/fs

$(FATFS_STAMP): deps/unpack deps/fetch deps/pins
	$(SAY) UNPACK fatfs
	$(Q)deps/unpack fatfs $(FATFS_DIR) lib/oofatfs

FS_FAT_SRCS := $(wildcard lib/fs/fat*.c)
FS_FAT_OBJS := $(FS_FAT_SRCS:%.c=build/obj/%.o)
$(FS_FAT_OBJS): LIB_CPPFLAGS += $(FATFS_CPPFLAGS)
$(FS_FAT_OBJS): | $(FATFS_STAMP)

FS_FAT_UNIT = $(FS_FAT_SRCS) $(wildcard lib/fs/cache*.c) kernel/blkdev.c $(VFS_FILES_SRCS)
UNIT_OBJS_fat = $(FS_FAT_UNIT)
UNIT_CFLAGS_fat := $(FATFS_CPPFLAGS) -D_GNU_SOURCE
$(foreach f,$(basename $(notdir $(FS_FAT_SRCS))),$(eval UNIT_CFLAGS_$f := $(FATFS_CPPFLAGS)))
$(FS_FAT_SRCS:%.c=build/unit/obj/%.o): | $(FATFS_STAMP)
UNIT_OBJS_fat_evil = $(FS_FAT_UNIT)
UNIT_CFLAGS_fat_evil := $(UNIT_CFLAGS_fat)
UNIT_OBJS_fat_crash = $(FS_FAT_UNIT)
UNIT_CFLAGS_fat_crash := $(UNIT_CFLAGS_fat)
