# SPDX-License-Identifier: MIT
# The POSIX socket calls: included by the top-level Makefile.
LIB_SRCS += $(wildcard lib/socket/*.c)
