# SPDX-License-Identifier: MIT
# Benchmarks on the real Xen: included by the top-level Makefile. Figures are ratios or counts, never asserted.

.PHONY: bench-boot
bench-boot: packages ## from the first instruction to main(), in instructions; hypercalls and entries into Xen beside it
	@$(MAKE) --no-print-directory build/apps/hello/hello
	@tests/bench/boot/run build/apps/hello/hello $(RUNS)
