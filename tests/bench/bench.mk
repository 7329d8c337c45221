# SPDX-License-Identifier: MIT
# Benchmarks on the real Xen: included by the top-level Makefile. Figures are ratios or counts, never asserted.

.PHONY: bench-boot bench-net bench-block bench-files
bench-boot: packages ## from the first instruction to main(), in instructions; hypercalls and entries into Xen beside it
	@$(MAKE) --no-print-directory build/apps/hello/hello
	@tests/bench/boot/run build/apps/hello/hello $(RUNS)

bench-net: packages ## the network's figures beside a Linux guest's, in instructions; TYPE=pvh or pv, RUNS=3
	@$(MAKE) --no-print-directory build/apps/echo/echo build/apps/iperf/iperf build/apps/httpd/httpd
	@tests/bench/net/run --type $(or $(TYPE),pvh) --runs $(or $(RUNS),3)

bench-block: packages ## disk figures beside a Linux guest's, in instructions; TYPE=pvh or pv, RUNS=3
	@$(MAKE) --no-print-directory build/tests/bench/blockbench
	@tests/bench/block/run --type $(or $(TYPE),pvh) --runs $(or $(RUNS),3) build/tests/bench/blockbench

build/tests/bench/blockbench: tests/bench/block/blockbench.c $(TOOLCHAIN_STAMP)
	@mkdir -p $(@D)
	$(SAY) XLINK $@
	$(Q)$(XCC) $(APP_CFLAGS) $(XEN_CPPFLAGS) -o $@.debug $<
	$(Q)$(XSTRIP) -o $@ $@.debug

bench-files: packages ## files on ext4 beside a Linux guest's, in instructions; TYPE=pvh or pv, RUNS=1
	@$(MAKE) --no-print-directory build/tests/bench/filebench
	@tests/bench/files/run --type $(or $(TYPE),pvh) --runs $(or $(RUNS),1) build/tests/bench/filebench

build/tests/bench/filebench: tests/bench/files/filebench.c tests/bench/files/filecounts.c tests/bench/files/filebench.h $(TOOLCHAIN_STAMP)
	@mkdir -p $(@D)
	$(SAY) XLINK $@
	$(Q)$(XCC) $(APP_CFLAGS) $(XEN_CPPFLAGS) -o $@.debug $(filter %.c,$^)
	$(Q)$(XSTRIP) -o $@ $@.debug
