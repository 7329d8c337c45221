# SPDX-License-Identifier: MIT
# The dependencies that are built from source: included by the top-level Makefile.
#
# Gives SYSROOT (newlib's headers and libraries) and the stamp to depend on before anything that
# includes a C library header is compiled. The recipe itself decides whether there is work to do.

SYSROOT := build/sysroot
SYSROOT_STAMP := $(SYSROOT)/.key

# '+' shares our jobs with newlib's make, but would run the recipe under `make -n` too.
DRY_RUN = $(findstring n,$(filter-out --%,$(firstword -$(MAKEFLAGS))))

$(SYSROOT_STAMP): deps/build-newlib deps/fetch deps/pins $(wildcard deps/newlib/*.patch) \
		$(shell find lib/newlib/include -name '*.h')
	+@$(if $(DRY_RUN),:,deps/build-newlib $(SYSROOT) build/deps)

.PHONY: deps
deps: $(SYSROOT_STAMP) ## fetch and build newlib (cached under ~/.cache/xenolith)
