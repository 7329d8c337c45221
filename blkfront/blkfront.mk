# SPDX-License-Identifier: MIT
# The block frontend: included by the top-level Makefile.

BLKFRONT_SRCS := $(wildcard blkfront/*.c)

# Every tests/unit/blkfront*_test.c has the whole driver and the fake backend.
BLKFRONT_TESTS := $(patsubst tests/unit/%_test.c,%,$(wildcard tests/unit/blkfront*_test.c))
BLKFRONT_TEST_OBJS = $(UNIT_XS_SRCS) $(wildcard xenbus/frontend*.c blkfront/*.c tests/fake/blk/*.c tests/fake/backend/*.c) kernel/blkdev.c
BLKFRONT_TEST_WRAP := -Wl,--wrap=evtchn_mask,--wrap=evtchn_unmask,--wrap=evtchn_send
$(foreach test,$(BLKFRONT_TESTS),$(eval UNIT_OBJS_$(test) = $$(BLKFRONT_TEST_OBJS)))
$(foreach test,$(BLKFRONT_TESTS),$(eval UNIT_LDFLAGS_$(test) := $(BLKFRONT_TEST_WRAP)))
