# SPDX-License-Identifier: MIT
# iperf: lwIP's lwiperf, compiled again with our say in what is sent and received. Included by the top-level Makefile.

IPERF_OBJ := build/obj/apps/iperf/lwiperf.o
APP_OBJS_iperf := $(IPERF_OBJ)
APP_CFLAGS_iperf = -std=gnu11 -Iinclude -Iarch/x86/include -Ibuild/include -Ilib/lwip $(LWIP_CPPFLAGS)

$(IPERF_OBJ): build/deps/lwip/.done $(SYSROOT_STAMP) $(wildcard lib/lwip/port/*.h lib/lwip/port/*/*.h) apps/iperf/pattern.h apps/iperf/iperf.mk | $(GENERATED)
	@mkdir -p $(@D)
	$(SAY) CC lwiperf.c
	$(Q)$(TARGET_CC) $(LIB_CPPFLAGS) $(LWIP_CPPFLAGS) -include apps/iperf/pattern.h -std=gnu11 -O2 -g $(ABI_CFLAGS) -w \
		-c build/deps/lwip/src/apps/lwiperf/lwiperf.c -o $@
