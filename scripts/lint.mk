# SPDX-License-Identifier: MIT
# `make lint`, `make format` and the proof that each check can fail: included by the top-level Makefile.

.PHONY: lint lint-tests format lib-headers

# For scripts/check-tidy.
lib-headers:
	@echo $(LIB_CPPFLAGS) $(LWIP_CPPFLAGS) $(E2FS_CPPFLAGS) $(FATFS_CPPFLAGS)

lint: packages $(SYSROOT_STAMP) $(LWIP_STAMP) $(E2FS_MADE) $(FATFS_STAMP) | build/include/xen ## all checks of the sources (CHECKS="format tidy": only these)
	@scripts/lint $(CHECKS)

lint-tests: ## prove that each check of `make lint` finds what it is there for
	@tests/lint/run

format: ## bring all C files into shape
	@scripts/project-files c | xargs scripts/format
