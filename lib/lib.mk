# SPDX-License-Identifier: MIT
# What the folders under lib/ add to an image and to the host's tests: included by the top-level Makefile.
#
# LIB_KERNEL_SRCS  compiled like the kernel: no C library, general registers only.
# LIB_SRCS         compiled against newlib's headers: the C library's edge.

LIB_KERNEL_SRCS := $(wildcard lib/string/*.c lib/vfs/*.c)
LIB_SRCS := $(wildcard lib/newlib/*.c lib/posix/*.c)

# lib/string must not be turned into calls of itself.
LIB_STRING_CFLAGS := -fno-builtin -fno-tree-loop-distribute-patterns

# Compiled like LIB_SRCS and put into the toolchain's libgcc.a.
LIB_GCC_SRCS := $(wildcard lib/gcc/*.c)

# On the host the functions under test get names of their own.
UNIT_SRCS += $(wildcard lib/string/*.c lib/gcc/*.c)
$(foreach f,$(basename $(notdir $(LIB_GCC_SRCS))),\
	$(eval UNIT_CFLAGS_$f := -fno-sanitize=float-divide-by-zero -include tests/unit/libc_gcc_names.h))
$(foreach f,$(basename $(notdir $(wildcard lib/string/*.c))),\
	$(eval UNIT_CFLAGS_$f := -fno-builtin -include tests/unit/libc_string_names.h))

UNIT_OBJS_libc_cmdline := lib/newlib/cmdline.c
UNIT_OBJS_libc_clock := lib/newlib/clock.c
UNIT_CFLAGS_clock += $(if $(filter lib/newlib/%,$<),-include tests/unit/libc_clock_names.h)
UNIT_OBJS_vfs_fd := $(wildcard lib/vfs/*.c)
UNIT_LDFLAGS_libc_gcc := -lm

# lib/string against this machine's C library and newlib's own, on the host.
BENCH_STRING_DIR := build/bench/string

.PHONY: bench-string
bench-string: $(SYSROOT_STAMP) ## memcpy and friends: ours, newlib's and this machine's, side by side
	@mkdir -p $(BENCH_STRING_DIR)
	@for f in lib/string/*.c; do \
		$(HOSTCC) -std=gnu11 -O2 -fno-pie -mgeneral-regs-only $(LIB_STRING_CFLAGS) -Iinclude -c $$f \
			-o $(BENCH_STRING_DIR)/$$(basename $$f .c).o || exit 1; \
	done
	@$(LD) -r -o $(BENCH_STRING_DIR)/all-own.o $(patsubst lib/string/%.c,$(BENCH_STRING_DIR)/%.o,$(wildcard lib/string/*.c))
	@$(LD) -r -z noexecstack --whole-archive $(SYSROOT)/lib/libreplaced.a -o $(BENCH_STRING_DIR)/all-newlib.o
	@objcopy --prefix-symbols=own_ $(BENCH_STRING_DIR)/all-own.o
	@objcopy --prefix-symbols=newlib_ $(BENCH_STRING_DIR)/all-newlib.o
	@$(HOSTCC) -O2 -fno-builtin -no-pie -z noexecstack tests/bench/bench_string.c $(BENCH_STRING_DIR)/all-own.o \
		$(BENCH_STRING_DIR)/all-newlib.o -o $(BENCH_STRING_DIR)/bench-string
	@$(BENCH_STRING_DIR)/bench-string
