# SPDX-License-Identifier: MIT
# The network frontend, the frontends' state machine and shared rings: included by the top-level Makefile.

NETFRONT_SRCS := $(wildcard netfront/*.c)

UNIT_SRCS += kernel/ring.c
UNIT_OBJS_frontend = $(UNIT_XS_SRCS) $(wildcard xenbus/frontend*.c)
