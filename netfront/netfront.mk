# SPDX-License-Identifier: MIT
# The network frontend, the frontends' state machine and shared rings: included by the top-level Makefile.

NETFRONT_SRCS := $(wildcard netfront/*.c)

# Copies of a slot's size become a few moves, although -ffreestanding says that memcpy() may be anything.
build/obj/netfront/%.o build/obj/kernel/ring.o: KERNEL_CFLAGS += -fbuiltin

UNIT_SRCS += kernel/ring.c
UNIT_OBJS_frontend = $(UNIT_XS_SRCS) $(wildcard xenbus/frontend*.c)
UNIT_OBJS_netfront = $(UNIT_XS_SRCS) $(wildcard xenbus/frontend*.c netfront/*.c tests/fake/net/*.c tests/fake/backend/*.c) kernel/netdev.c
UNIT_LDFLAGS_netfront := -Wl,--wrap=evtchn_mask,--wrap=evtchn_unmask,--wrap=evtchn_send
UNIT_OBJS_netfront_evil = $(UNIT_OBJS_netfront)
UNIT_LDFLAGS_netfront_evil := $(UNIT_LDFLAGS_netfront)
