# SPDX-License-Identifier: MIT
# The POSIX socket calls: included by the top-level Makefile.
LIB_SRCS += $(wildcard lib/socket/*.c)

# On the host its functions get names of their own: the host's are what they are compared with.
UNIT_OBJS_socket_text := lib/socket/inet_text.c
UNIT_CFLAGS_inet_text := -include tests/unit/socket_text_names.h
