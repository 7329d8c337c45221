# SPDX-License-Identifier: MIT
# The block frontend: included by the top-level Makefile.

BLKFRONT_SRCS := $(wildcard blkfront/*.c)

UNIT_OBJS_blkfront = $(UNIT_XS_SRCS) $(wildcard xenbus/frontend*.c blkfront/*.c tests/fake/blk/*.c tests/fake/backend/*.c) kernel/blkdev.c
UNIT_LDFLAGS_blkfront := -Wl,--wrap=evtchn_mask,--wrap=evtchn_unmask,--wrap=evtchn_send
UNIT_OBJS_blkfront_evil = $(UNIT_OBJS_blkfront)
UNIT_LDFLAGS_blkfront_evil := $(UNIT_LDFLAGS_blkfront)
