# SPDX-License-Identifier: MIT
# The system tests' images: included by the top-level Makefile. tests/system/CLAIM/main.c becomes
# build/tests/system/CLAIM/CLAIM, every other NAME.c there CLAIM-NAME; the rig's runner does the rest.

# $1: claim, $2: source. tests/system/CLAIM/main.c -> build/tests/system/CLAIM/CLAIM; peer.c -> CLAIM-peer
system_image = build/tests/system/$1/$1$(patsubst %,-%,$(filter-out main,$(basename $(notdir $2))))

# $1: claim, $2: source, $3: the list of images that it goes to
define system_rule
$3 += $(call system_image,$1,$2)
$(call system_image,$1,$2): $2 $$(wildcard tests/system/include/*.h) $$(TOOLCHAIN_STAMP)
	@mkdir -p $$(@D)
	$$(SAY) XLINK $$@
	$$(Q)$$(XCC) -O2 -g -Wall -Wextra -Werror -Itests/system/include $$(XEN_CPPFLAGS) -o $$@.debug $$<
	$$(Q)$$(XSTRIP) -o $$@ $$@.debug
endef
# $1: folder, $2: list of images
system_rules = $(foreach s,$(wildcard $1/*/*.c),$(eval $(call system_rule,$(notdir $(patsubst %/,%,$(dir $s))),$s,$2)))

SYSTEM_IMAGES :=
$(call system_rules,tests/system,SYSTEM_IMAGES)

# Programs for dom0: the other end of a connection, say. Static, for dom0's C library is not this machine's.
DOM0_TOOLS := $(patsubst tests/dom0/%.c,build/tests/dom0/%,$(wildcard tests/dom0/*.c))

build/tests/dom0/%: tests/dom0/%.c $(wildcard tests/dom0/*.h)
	@mkdir -p $(@D)
	$(SAY) HOSTCC $@
	$(Q)$(HOSTCC) -std=gnu11 -O2 -Wall -Wextra -Werror -static -o $@ $<

.PHONY: system-images system-tests
system-tests: $(SYSTEM_IMAGES) $(DOM0_TOOLS) apps ## run them on the real Xen (FILTER=regex: only some; TYPES=pv: only one mode)
	@rig/run-tests $(if $(TYPES),--type $(TYPES)) $(if $(FILTER),--filter '$(FILTER)') --counts build/test-results/system.counts

system-images: $(SYSTEM_IMAGES) $(DOM0_TOOLS) ## build the images of all system tests

include tests/soak/soak.mk
