# SPDX-License-Identifier: MIT
# Long runs, not part of `make test`: claims as in tests/system that hold for MINUTES. Included by the top-level Makefile.

MINUTES ?= 10
SOAK_FILES := $(wildcard tests/soak/*/*)

.PHONY: soak
soak: apps $(DOM0_TOOLS) ## httpd at full load on the real Xen, every byte and the memory looked at (MINUTES=10 TYPES=pv)
	@rm -rf build/soak && cp -R tests/soak build/soak && cp tests/system/net-http/body.lua build/soak/http-close/
	@for claim in build/soak/*/; do echo $(MINUTES) >$$claim/minutes; echo timeout=$$(($(MINUTES) * 60 + 900)) >>$$claim/test.cfg; done
	@rig/run-tests -v --patience 1 $(if $(TYPES),--type $(TYPES)) --build build/tests/system build/soak
