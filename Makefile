# SPDX-License-Identifier: MIT
# Xenolith's build. `make help` lists what a person calls. Everything is made under build/; dependencies come
# from deps/, the tests and the rig bring fragments of their own.

CROSS_COMPILE ?=
TARGET_CC := $(CROSS_COMPILE)gcc
HOSTCC := gcc
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
SAY = $(if $(filter 1,$(V)),@:,@printf '  %-8s %s\n')

.DEFAULT_GOAL := all

# What every object of an image has in common. No red zone: an upcall pushes onto whatever stack is current.
ABI_CFLAGS := -m64 -ffreestanding -fno-pie -fno-pic -mno-red-zone -mcmodel=small -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-omit-frame-pointer -ffunction-sections -fdata-sections \
	-fstack-protector-strong -mstack-protector-guard=global -fno-strict-aliasing
WARN_CFLAGS := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wold-style-definition -Wvla \
	-Wwrite-strings -Wundef -Wpointer-arith
COMMON_CFLAGS := -std=gnu11 -O2 -g $(ABI_CFLAGS) $(WARN_CFLAGS) -MMD -MP

# The kernel sees no C library, and never touches SSE or x87: upcalls save none of it.
GCC_INCLUDE := $(shell $(TARGET_CC) -print-file-name=include)
XEN_CPPFLAGS := -Ibuild/include -D__XEN_INTERFACE_VERSION__=0x00040e00
KERNEL_CPPFLAGS := -nostdinc -isystem $(GCC_INCLUDE) -Iinclude -Iarch/x86/include $(XEN_CPPFLAGS)
KERNEL_CFLAGS := $(COMMON_CFLAGS) -mgeneral-regs-only

include deps/deps.mk
include lib/lib.mk
include netfront/netfront.mk
include $(wildcard lib/*/*.mk blkfront/*.mk apps/*/*.mk)
include scripts/lint.mk
include tests/unit/unit.mk
include toolchain/toolchain.mk
include rig/rig.mk
include tests/system/system.mk
include tests/fuzz/fuzz.mk
include tests/bench/bench.mk
include tools/tools.mk

# The C library's edge is ordinary code against newlib's headers.
LIB_CPPFLAGS := -nostdinc -isystem $(GCC_INCLUDE) -Iinclude -Iarch/x86/include $(XEN_CPPFLAGS) \
	-isystem include/posix -isystem $(SYSROOT)/include -D__xenolith__
LIB_CFLAGS := $(COMMON_CFLAGS)

KERNEL_SRCS := $(wildcard kernel/*.c xenbus/*.c arch/x86/*.c arch/x86/pv/*.c arch/x86/pvh/*.c) $(LIB_KERNEL_SRCS) $(NETFRONT_SRCS) $(BLKFRONT_SRCS)
KERNEL_SRCS := $(filter-out arch/x86/offsets.c,$(KERNEL_SRCS))
KERNEL_ASMS := $(wildcard arch/x86/*.S arch/x86/pv/*.S arch/x86/pvh/*.S)
KERNEL_OBJS := $(KERNEL_SRCS:%.c=build/obj/%.o) $(KERNEL_ASMS:%.S=build/obj/%.o)
LIB_OBJS := $(LIB_SRCS:%.c=build/obj/%.o)

LIBXENOLITH := build/lib/libxenolith.a
LIBXENOLITH_C := build/lib/libxenolith-c.a

GENERATED := build/include/arch/offsets.h build/include/xen

all: $(LIBXENOLITH) $(LIBXENOLITH_C) apps ## everything but the tests: libraries, toolchain, applications

build/include/xen:
	@mkdir -p $(@D)
	@test -d /usr/include/xen || { echo "xen/xen.h is missing: run 'make packages' (libxen-dev)"; exit 1; }
	@ln -sfn /usr/include/xen $@

build/include/arch/offsets.h: arch/x86/offsets.c include/xenolith/boot.h include/xenolith/panic.h Makefile | build/include/xen
	@mkdir -p $(@D)
	$(SAY) GEN $@
	$(Q)$(TARGET_CC) $(KERNEL_CPPFLAGS) $(filter-out -MMD -MP -g,$(KERNEL_CFLAGS)) -S -o - $< | \
		sed -n 's/.*"@ \([^ ]*\) \(.*\)".*/#define \1 \2/p' > $@.tmp
	@test -s $@.tmp && mv $@.tmp $@

$(KERNEL_SRCS:%.c=build/obj/%.o): build/obj/%.o: %.c Makefile lib/lib.mk | $(GENERATED)
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(TARGET_CC) $(KERNEL_CPPFLAGS) $(KERNEL_CFLAGS) $(if $(filter lib/string/%,$<),$(LIB_STRING_CFLAGS)) -c $< -o $@

$(LIB_OBJS): build/obj/%.o: %.c Makefile lib/lib.mk $(SYSROOT_STAMP) | $(GENERATED)
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(TARGET_CC) $(LIB_CPPFLAGS) $(LIB_CFLAGS) -c $< -o $@

build/obj/%.o: %.S Makefile | $(GENERATED)
	@mkdir -p $(@D)
	$(SAY) AS $<
	$(Q)$(TARGET_CC) $(KERNEL_CPPFLAGS) $(filter-out -std=gnu11,$(KERNEL_CFLAGS)) -D__ASSEMBLY__ -c $< -o $@

# Proven, not only asked for by flags: nothing in the kernel names a vector or FPU register but what sets that state up
# or switches it between threads.
FPU_CODE := pvh_start64 arch_context_init arch_context_switch

$(LIBXENOLITH): $(KERNEL_OBJS)
	@mkdir -p $(@D)
	$(Q)scripts/check-no-sse $(FPU_CODE:%=--allow %) $^
	$(SAY) AR $@
	@rm -f $@
	$(Q)$(CROSS_COMPILE)ar rcs $@ $^

$(LIBXENOLITH_C): $(LIB_OBJS)
	@mkdir -p $(@D)
	$(SAY) AR $@
	@rm -f $@
	$(Q)$(CROSS_COMPILE)ar rcs $@ $^

# A folder with a .cfg.in is an application: apps/NAME/*.c -> build/apps/NAME/NAME (the image, stripped), NAME.debug (its
# symbols), NAME.cfg (for xl). A fragment apps/NAME/NAME.mk may set APP_CFLAGS_NAME and APP_OBJS_NAME: objects and archives that the image links too.
APPS := $(patsubst apps/%/,%,$(sort $(dir $(wildcard apps/*/*.cfg.in))))
APP_CFLAGS := -O2 -g -Wall -Wextra -Werror

define app_rules
build/apps/$1/$1.debug: $$(wildcard apps/$1/*.c apps/$1/*.h) $$(APP_OBJS_$1) $$(TOOLCHAIN_STAMP)
	@mkdir -p $$(@D)
	$$(SAY) XLINK $$@
	$$(Q)$$(XCC) $$(APP_CFLAGS) $$(XEN_CPPFLAGS) $$(APP_CFLAGS_$1) -o $$@ $$(filter %.c %.o %.a,$$^)
	$$(Q)scripts/check-red-zone $$@

build/apps/$1/$1: build/apps/$1/$1.debug
	$$(SAY) STRIP $$@
	$$(Q)$$(XSTRIP) -o $$@ $$<

build/apps/$1/$1.cfg: apps/$1/$1.cfg.in build/apps/$1/$1
	@sed 's|@image@|$$(abspath build/apps/$1/$1)|' $$< > $$@

apps: build/apps/$1/$1 build/apps/$1/$1.cfg
endef
$(foreach a,$(APPS),$(eval $(call app_rules,$a)))

# make run; make run APP=hello TYPE=pv MEMORY=8 ARGS="one two". A fragment apps/NAME/NAME.mk may set RUN_OPTIONS_NAME, more
# options of xen-rig, and RUN_FILES_NAME, what they need.
APP ?= httpd
TYPE ?= pvh
MEMORY ?= 8
ARGS ?=

.PHONY: all apps clean help packages run test
packages: ## install the Debian packages that are missing
	@scripts/install-packages

run: packages ## boot the rig and run an application, httpd by default: APP=hello TYPE=pvh|pv MEMORY=8 PORT=8080 ARGS="..."
	@$(MAKE) --no-print-directory build/apps/$(APP)/$(APP) $(RUN_FILES_$(APP))
	@rig/xen-rig build/apps/$(APP)/$(APP) --type $(TYPE) --memory $(MEMORY) $(RUN_OPTIONS_$(APP)) -- $(ARGS)

# The order is from fast to slow, and a runner that fails does not keep the next one from running: each leaves its
# counts, and the sum at the end decides.
TEST_RUNNERS := unit tool rig toolchain httpd run system

test: packages ## everything: unit tests on this machine, then system tests on the real Xen, PV and PVH
	@rm -rf build/test-results
	@$(MAKE) --no-print-directory -j$(shell nproc) unit-build all system-images
	-@$(MAKE) --no-print-directory unit-tests
	-@$(MAKE) --no-print-directory tool-tests
	-@$(MAKE) --no-print-directory rig-tests
	-@$(MAKE) --no-print-directory toolchain-tests
	-@$(MAKE) --no-print-directory httpd-tests
	-@$(MAKE) --no-print-directory run-tests
	-@$(MAKE) --no-print-directory system-tests
	@scripts/sum-results $(TEST_RUNNERS)

clean: ## remove build/
	rm -rf build

help: ## this list
	@printf 'Xenolith: a unikernel for Xen. Targets:\n\n'
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/' | \
		awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

-include $(KERNEL_OBJS:.o=.d) $(LIB_OBJS:.o=.d)
