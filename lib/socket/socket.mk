# SPDX-License-Identifier: MIT
# The POSIX socket calls: included by the top-level Makefile.
LIB_SRCS += $(wildcard lib/socket/*.c)

# On the host its functions get names of their own: the host's are what they are compared with.
UNIT_OBJS_socket_text := lib/socket/inet_text.c
UNIT_CFLAGS_inet_text := -include tests/unit/socket_text_names.h

# The families on lwIP, over the loopback and against a device that the test is.
SOCKET_HOST_SRCS := $(addprefix lib/socket/, socket_file.c iov.c inet_address.c inet_option.c inet_create.c \
	inet_control.c packet.c udp.c raw.c multicast.c icmp_errors.c interface.c) $(wildcard lib/socket/stream*.c)
$(foreach f,$(basename $(notdir $(SOCKET_HOST_SRCS))),\
	$(eval UNIT_CFLAGS_$f += $$(if $$(filter lib/socket/%,$$<),$(LWIP_CPPFLAGS) -D_GNU_SOURCE \
		-include tests/unit/net_sockets_names.h)))
$(SOCKET_HOST_SRCS:%.c=build/unit/obj/%.o): $(LWIP_STAMP) $(LWIP_PORT_HEADERS)
UNIT_OBJS_net_sockets = $(UNIT_OBJS_net) $(SOCKET_HOST_SRCS) lib/vfs/file.c lib/vfs/fd_table.c
UNIT_CFLAGS_net_sockets := $(LWIP_CPPFLAGS) -Ilib/lwip -D_GNU_SOURCE
UNIT_OBJS_net_sockets_peer = $(UNIT_OBJS_net_sockets)
UNIT_CFLAGS_net_sockets_peer := $(UNIT_CFLAGS_net_sockets)
