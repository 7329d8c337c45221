# SPDX-License-Identifier: MIT
# Unit tests on the host: `make unit-tests`. Every tests/unit/NAME_test.c is one cmocka program. It is linked against
# an archive of the kernel's own sources and of tests/fake/, so the linker takes the real module where one is
# there and the test does not bring its own; nothing has to be listed for a new test.
#
# Sources under test are listed in UNIT_SRCS below. Arguments of one test: UNIT_LDFLAGS_NAME, UNIT_CFLAGS_NAME.
# UNIT_OBJS_NAME := folder/file.c links a module whole into that test alone, in place of the fake's weak one.
# A repeat with the seed of a failed run: XENOLITH_SEED=... make unit-tests.

# Other fragments name sources too: without them the archive would lack some.
ifeq ($(origin KERNEL_CFLAGS),undefined)
$(error tests/unit/unit.mk is a part of the Makefile: run `make unit-tests` at the top)
endif

UNIT_CC ?= $(firstword $(shell command -v clang-14 clang gcc))
UNIT_AR ?= ar
UNIT_DIR := build/unit
UNIT_SANITIZE ?= -fsanitize=address,undefined -fno-sanitize-recover=all
# The warnings are Clang's; GCC has others, and serves where Clang is missing.
UNIT_WERROR := $(if $(findstring clang,$(UNIT_CC)),-Werror)
UNIT_CFLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -fno-pie -DXENOLITH_HOST -DXENOLITH_JUNK -D__XEN_INTERFACE_VERSION__=0x00040e00 -Wall -Wextra $(UNIT_WERROR) -Wno-unused-parameter \
	-Wmissing-prototypes -Wstrict-prototypes -Itests/fake/include -Iinclude $(UNIT_SANITIZE) -MMD -MP

# --wrap: the functions whose failure tests/fake/fake_fault*.c can plan.
UNIT_WRAP := page_alloc page_alloc_exact heap_alloc heap_zalloc heap_aligned_alloc heap_realloc heap_free heap_usable_size
UNIT_LDFLAGS := -no-pie $(UNIT_SANITIZE) -Wl,-T,tests/fake/fake.lds $(UNIT_WRAP:%=-Wl,--wrap=%)

UNIT_SRCS += $(wildcard tests/fake/*.c) $(addprefix kernel/, \
	page.c page_exact.c heap.c heap_slab.c heap_large.c \
	sched.c thread.c thread_stack.c tls.c wait.c sync.c timer.c)

UNIT_OBJS_console := kernel/console.c kernel/console_ring.c kernel/console_input.c kernel/tty.c kernel/vsnprintf.c
UNIT_OBJS_console_evil := $(UNIT_OBJS_console)
UNIT_OBJS_tty := kernel/tty.c
UNIT_OBJS_printk := kernel/printk.c kernel/vsnprintf.c
UNIT_OBJS_panic := kernel/panic.c kernel/fault.c kernel/backtrace.c kernel/vsnprintf.c
UNIT_LDFLAGS_panic := -Wl,--defsym=__text_start=__executable_start,--defsym=__text_end=etext,--defsym=__rodata_end=__data_start
UNIT_OBJS_trace := kernel/trace.c kernel/trace_dump.c
UNIT_OBJS_boot_options := kernel/boot_options.c
UNIT_OBJS_events := kernel/events.c kernel/evtchn_2l.c
UNIT_OBJS_evtchn_2l := $(UNIT_OBJS_events)
UNIT_OBJS_gnttab := kernel/gnttab.c kernel/gntmap.c
UNIT_OBJS_gntmap := $(UNIT_OBJS_gnttab)
UNIT_OBJS_window := kernel/window.c
UNIT_OBJS_clock := kernel/clock.c $(UNIT_OBJS_events)
UNIT_XS_SRCS := $(wildcard xenbus/xs*.c) tests/fake/xenstored.c tests/fake/xenstored_tree.c kernel/vsnprintf.c
UNIT_OBJS_xs_client := $(UNIT_XS_SRCS)
UNIT_OBJS_xs_watch := $(UNIT_XS_SRCS)
UNIT_OBJS_xs_evil := $(UNIT_XS_SRCS)
UNIT_OBJS_xs_ring := xenbus/xs_ring.c
UNIT_OBJS_xs_parse := xenbus/xs_parse.c
UNIT_OBJS_shutdown := $(UNIT_XS_SRCS) xenbus/control.c kernel/shutdown.c

UNIT_TESTS := $(patsubst tests/unit/%_test.c,%,$(wildcard tests/unit/*_test.c))
UNIT_LIB := $(UNIT_DIR)/libundertest.a
UNIT_BINS := $(UNIT_TESTS:%=$(UNIT_DIR)/%_test)

.PHONY: unit-tests unit-build
unit-build: $(UNIT_BINS)

unit-tests: $(UNIT_BINS)
	@sh tests/unit/run.sh $(UNIT_BINS)

# Deferred, so that sources added by files that are included later count.
.SECONDEXPANSION:
UNIT_OBJS = $(sort $(UNIT_SRCS:%.c=$(UNIT_DIR)/obj/%.o))
$(UNIT_LIB): $$(UNIT_OBJS)
	@rm -f $@
	@$(UNIT_AR) rcs $@ $^

$(UNIT_DIR)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  HOSTCC $<"
	@$(UNIT_CC) $(UNIT_CFLAGS) $(UNIT_CFLAGS_$(patsubst %_test,%,$(basename $(notdir $<)))) -c $< -o $@

unit_objs = $(patsubst %.c,$(UNIT_DIR)/obj/%.o,$(UNIT_OBJS_$1))
$(UNIT_DIR)/%_test: $(UNIT_DIR)/obj/tests/unit/%_test.o $$(call unit_objs,$$*) $(UNIT_LIB) tests/fake/fake.lds
	@$(UNIT_CC) $(UNIT_LDFLAGS) $(UNIT_LDFLAGS_$*) -o $@ $(filter %.o,$^) -Wl,--start-group $(UNIT_LIB) -Wl,--end-group -lcmocka -lm

# Objects that are only named by pattern rules are no litter. For all fragments: a list behind it anywhere would undo this.
.SECONDARY:
-include $(wildcard $(UNIT_DIR)/obj/*/*.d $(UNIT_DIR)/obj/*/*/*.d $(UNIT_DIR)/obj/*/*/*/*.d)
