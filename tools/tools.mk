# SPDX-License-Identifier: MIT
# The tools in Python need no build. build/tools/trace-read is for dom0 of any Xen host; the rig has its own.

TRACE_READ := build/tools/trace-read

$(TRACE_READ): rig/dom0/trace-read.c
	@mkdir -p $(@D)
	$(SAY) HOSTCC $<
	$(Q)$(HOSTCC) -std=gnu11 -O2 -Wall -Wextra -Werror -static -o $@ $<

.PHONY: tools tool-tests
tools: $(TRACE_READ) ## build/tools/trace-read: copies a domain's trace out of its memory, in dom0

tool-tests: ## unit tests of tools/ (python)
	@python3 -B scripts/run-python-tests tools/tests build/test-results/tool.counts
