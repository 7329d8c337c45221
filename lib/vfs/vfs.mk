# SPDX-License-Identifier: MIT
# What lib/vfs's tests on the host link whole: the descriptors alone, or files and paths too.

UNIT_OBJS_vfs_fd := $(addprefix lib/vfs/, fd_table.c file.c file_parts.c console_file.c console_watch.c)
VFS_FILES_SRCS := $(filter-out lib/vfs/console_watch.c, $(wildcard lib/vfs/*.c))
UNIT_OBJS_vfs_model := $(VFS_FILES_SRCS)
UNIT_OBJS_vfs_archive := $(VFS_FILES_SRCS)
UNIT_OBJS_random := lib/vfs/random.c lib/vfs/chacha20.c
FUZZ_OBJS_archive := $(VFS_FILES_SRCS)
FUZZ_OBJS_path := $(VFS_FILES_SRCS)
