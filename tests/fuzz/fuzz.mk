# SPDX-License-Identifier: MIT
# Fuzzing on the host: `make fuzz`, or `make fuzz-NAME FUZZ_SECONDS=600`. Every tests/fuzz/NAME_fuzz.c is one libFuzzer
# program, linked against the kernel's own sources and tests/fake/ like a unit test (tests/unit/unit.mk), with the modules of
# FUZZ_OBJS_NAME linked whole. A corpus grows in build/fuzz/corpus/NAME; a crash leaves its input in build/fuzz.

FUZZ_SECONDS ?= 10
FUZZ_DIR := build/fuzz
FUZZ_CC ?= $(firstword $(shell command -v clang-14 clang))
FUZZ_CFLAGS := $(filter-out -O1,$(UNIT_CFLAGS)) -O2 -fsanitize=fuzzer-no-link
FUZZ_LDFLAGS := $(UNIT_LDFLAGS) -fsanitize=fuzzer

FUZZ_OBJS_xs := $(UNIT_XS_SRCS)
FUZZ_OBJS_console := kernel/console.c kernel/console_ring.c kernel/console_input.c kernel/tty.c kernel/vsnprintf.c
FUZZ_OBJS_boot_options := kernel/boot_options.c kernel/printk.c kernel/vsnprintf.c kernel/trace.c kernel/trace_dump.c

FUZZ_TESTS := $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))

.PHONY: fuzz $(FUZZ_TESTS:%=fuzz-%)
fuzz: $(FUZZ_TESTS:%=fuzz-%) ## feed every parser of foreign bytes with noise, FUZZ_SECONDS each

$(FUZZ_TESTS:%=fuzz-%): fuzz-%: $(FUZZ_DIR)/%_fuzz
	@mkdir -p $(FUZZ_DIR)/corpus/$*
	@$< -max_total_time=$(FUZZ_SECONDS) -timeout=5 -rss_limit_mb=1024 -artifact_prefix=$(FUZZ_DIR)/$*- -max_len=8192 \
		$(FUZZ_FLAGS_$*) -verbosity=0 -print_final_stats=1 $(FUZZ_DIR)/corpus/$* >$(FUZZ_DIR)/$*.log 2>&1 || { cat $(FUZZ_DIR)/$*.log; exit 1; }
	@printf '%-24s ok      %s\n' "$*" "$$(sed -n 's/^stat::number_of_executed_units: *\(.*\)/\1 inputs/p' $(FUZZ_DIR)/$*.log)"

$(FUZZ_DIR)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  FUZZCC   $<"
	@$(FUZZ_CC) $(FUZZ_CFLAGS) $(UNIT_CFLAGS_$(basename $(notdir $<))) -c $< -o $@

FUZZ_LIB_OBJS = $(sort $(UNIT_SRCS:%.c=$(FUZZ_DIR)/obj/%.o))
$(FUZZ_DIR)/libundertest.a: $$(FUZZ_LIB_OBJS)
	@rm -f $@
	@$(UNIT_AR) rcs $@ $^

fuzz_objs = $(patsubst %.c,$(FUZZ_DIR)/obj/%.o,$(FUZZ_OBJS_$1))
$(FUZZ_DIR)/%_fuzz: $(FUZZ_DIR)/obj/tests/fuzz/%_fuzz.o $$(call fuzz_objs,$$*) $(FUZZ_DIR)/libundertest.a
	@$(FUZZ_CC) $(FUZZ_LDFLAGS) $(FUZZ_LDFLAGS_$*) -o $@ $(filter %.o,$^) -Wl,--start-group $(FUZZ_DIR)/libundertest.a -Wl,--end-group

-include $(wildcard $(FUZZ_DIR)/obj/*/*.d $(FUZZ_DIR)/obj/*/*/*.d)
