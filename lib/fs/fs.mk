# SPDX-License-Identifier: MIT
# Disks and their file systems: included by the top-level Makefile. libext2fs and the journal's recovery come from e2fsprogs.
#
# E2FS_CPPFLAGS  its headers, and what its configure would have found out (deps/e2fsprogs).

LIB_SRCS += $(filter-out $(wildcard lib/fs/ext*.c lib/fs/disk*.c lib/fs/mount.c), $(wildcard lib/fs/*.c))
UNIT_OBJS_cache := lib/fs/cache.c lib/fs/cache_io.c kernel/blkdev.c
