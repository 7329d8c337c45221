# SPDX-License-Identifier: MIT
# lwIP and its port: included by the top-level Makefile.
#
# LWIP_CPPFLAGS  lwIP's headers and our configuration of it (port/), for whoever includes <lwip/...>.
# LWIP_STAMP     exists once the sources are unpacked: an order-only prerequisite of such objects.

LWIP_DIR := build/deps/lwip
LWIP_STAMP := $(LWIP_DIR)/.done
LWIP_CPPFLAGS := -isystem lib/lwip/port -isystem $(LWIP_DIR)/src/include

# Not PPP and other links, the sequential and socket APIs; not init.c, timeouts.c and memp.c, which the port replaces.
LWIP_NAMES := core/def core/dns core/inet_chksum core/ip core/mem core/netif core/pbuf core/raw \
	core/stats core/tcp core/tcp_in core/tcp_out core/udp \
	core/ipv4/dhcp core/ipv4/etharp core/ipv4/icmp core/ipv4/igmp core/ipv4/ip4 core/ipv4/ip4_addr core/ipv4/ip4_frag \
	core/ipv6/dhcp6 core/ipv6/ethip6 core/ipv6/icmp6 core/ipv6/inet6 core/ipv6/ip6 core/ipv6/ip6_addr core/ipv6/ip6_frag \
	core/ipv6/mld6 core/ipv6/nd6 \
	netif/ethernet apps/mdns/mdns apps/mdns/mdns_domain apps/mdns/mdns_out apps/sntp/sntp apps/lwiperf/lwiperf
# What every TCP segment passes through is compiled as one, so that it can be inlined (a tenth fewer instructions). The order matters to none but
# tcp_in.c, whose names of variables are short.
LWIP_HOT := core/def core/pbuf core/inet_chksum core/netif core/ipv4/ip4_addr core/ipv4/etharp netif/ethernet core/ipv4/ip4 core/tcp \
	core/tcp_out core/tcp_in
LWIP_OBJS := $(patsubst %,$(LWIP_DIR)-obj/%.o,hot $(filter-out $(LWIP_HOT),$(LWIP_NAMES)))
LWIP_PORT_HEADERS := $(wildcard lib/lwip/port/*.h lib/lwip/port/*/*.h)

LIB_SRCS += $(wildcard lib/lwip/*.c)
DEP_LIBS += $(LWIP_DIR)-obj/liblwip.a

$(LWIP_STAMP): deps/unpack deps/fetch deps/pins $(wildcard deps/lwip/*.patch)
	$(SAY) UNPACK lwip
	$(Q)deps/unpack lwip $(LWIP_DIR)

LWIP_CC = $(TARGET_CC) $(LIB_CPPFLAGS) $(LWIP_CPPFLAGS) -std=gnu11 -O2 -g $(ABI_CFLAGS) -fbuiltin -w

$(LWIP_DIR)-obj/hot.o: $(LWIP_STAMP) lib/lwip/lwip.mk $(LWIP_PORT_HEADERS) $(SYSROOT_STAMP) | $(GENERATED)
	@mkdir -p $(@D)
	$(SAY) CC "lwip ($(words $(LWIP_HOT)) files)"
	$(Q)for f in $(LWIP_HOT); do echo "#include \"$$f.c\""; done > $(@:.o=.c)
	$(Q)$(LWIP_CC) -O3 -I$(LWIP_DIR)/src -c $(@:.o=.c) -o $@

# Its own warnings are not ours to judge.
$(filter-out %/hot.o,$(LWIP_OBJS)): $(LWIP_DIR)-obj/%.o: $(LWIP_STAMP) lib/lwip/lwip.mk $(LWIP_PORT_HEADERS) $(SYSROOT_STAMP) | $(GENERATED)
	@mkdir -p $(@D)
	$(SAY) CC lwip/$*
	$(Q)$(LWIP_CC) -c $(LWIP_DIR)/src/$*.c -o $@

$(LWIP_DIR)-obj/liblwip.a: $(LWIP_OBJS)
	$(SAY) AR $@
	@rm -f $@
	$(Q)$(CROSS_COMPILE)ar rcs $@ $^

build/obj/lib/lwip/%.o build/obj/lib/socket/%.o: LIB_CPPFLAGS += $(LWIP_CPPFLAGS)
# Copies of a header's size become a few moves, although -ffreestanding says that memcpy() may be anything.
build/obj/lib/lwip/%.o build/obj/lib/socket/%.o: LIB_CFLAGS += -fbuiltin
$(patsubst %.c,build/obj/%.o,$(wildcard lib/lwip/*.c lib/socket/*.c)): $(LWIP_STAMP)
$(patsubst %.c,build/obj/%.o,$(wildcard lib/lwip/*.c lib/socket/*.c)): $(LWIP_PORT_HEADERS)

# On the host lwIP and the port run against a device that the test is.
LWIP_HOST_SRCS := $(filter-out %/lwiperf.c,$(LWIP_NAMES:%=$(LWIP_DIR)/src/%.c))
$(LWIP_HOST_SRCS): $(LWIP_STAMP) ;
$(foreach f,$(basename $(notdir $(LWIP_HOST_SRCS))),\
	$(eval UNIT_CFLAGS_$f += $$(if $$(filter $(LWIP_DIR)/%,$$<),$(LWIP_CPPFLAGS) -w -fno-sanitize=undefined)))
$(foreach f,$(basename $(notdir $(wildcard lib/lwip/*.c))),\
	$(eval UNIT_CFLAGS_$f += $$(if $$(filter lib/lwip/%,$$<),$(LWIP_CPPFLAGS))))

$(patsubst %.c,build/unit/obj/%.o,$(wildcard lib/lwip/*.c tests/unit/net*_test.c) $(LWIP_HOST_SRCS)): $(LWIP_STAMP) $(LWIP_PORT_HEADERS)

UNIT_OBJS_ip_words := lib/lwip/ip_words.c
UNIT_OBJS_net := $(wildcard lib/lwip/*.c) $(LWIP_HOST_SRCS) kernel/netdev.c kernel/vsnprintf.c
UNIT_OBJS_net_evil = $(UNIT_OBJS_net)
UNIT_OBJS_net_tcp = $(UNIT_OBJS_net)
UNIT_CFLAGS_net := $(LWIP_CPPFLAGS) -Ilib/lwip
UNIT_CFLAGS_net_evil := $(LWIP_CPPFLAGS) -Ilib/lwip
UNIT_CFLAGS_net_tcp := $(LWIP_CPPFLAGS) -Ilib/lwip
