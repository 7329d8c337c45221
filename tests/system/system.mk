# SPDX-License-Identifier: MIT
# The system tests' images: included by the top-level Makefile. tests/system/CLAIM/main.c becomes
# build/tests/system/CLAIM/CLAIM, every other NAME.c there CLAIM-NAME; the rig's runner does the rest.

SYSTEM_TESTS := $(patsubst tests/system/%/main.c,%,$(wildcard tests/system/*/main.c))
SYSTEM_SRCS := $(foreach t,$(SYSTEM_TESTS),$(wildcard tests/system/$t/*.c))
# tests/system/CLAIM/main.c -> build/tests/system/CLAIM/CLAIM; peer.c -> CLAIM-peer
system_image = build/tests/system/$1/$1$(patsubst %,-%,$(filter-out main,$(basename $(notdir $2))))

SYSTEM_IMAGES :=
define system_rule
SYSTEM_IMAGES += $(call system_image,$1,$2)
$(call system_image,$1,$2): $2 $$(wildcard tests/system/include/*.h) $$(TOOLCHAIN_STAMP)
	@mkdir -p $$(@D)
	$$(SAY) XLINK $$@
	$$(Q)$$(XCC) -O2 -g -Wall -Wextra -Werror -Itests/system/include $$(XEN_CPPFLAGS) -o $$@.debug $$<
	$$(Q)$$(XSTRIP) -o $$@ $$@.debug
endef
$(foreach t,$(SYSTEM_TESTS),$(foreach s,$(wildcard tests/system/$t/*.c),$(eval $(call system_rule,$t,$s))))

.PHONY: system-images system-tests
system-tests: $(SYSTEM_IMAGES) ## run them on the real Xen (FILTER=regex: only some; TYPES=pv: only one mode)
	@rig/run-tests $(if $(TYPES),--type $(TYPES)) $(if $(FILTER),--filter '$(FILTER)') --counts build/test-results/system.counts

system-images: $(SYSTEM_IMAGES) ## build the images of all system tests
