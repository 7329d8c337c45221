# SPDX-License-Identifier: MIT
# lib/posix on the host: its calls get names of their own there (tests/unit/libc_poll_names.h), so that a test can run them and the host's side
# by side. Included by the top-level Makefile.

UNIT_POSIX := ready poll select epoll epoll_items eventfd timerfd pipe pipe_file byte_queue local_stream
$(foreach f,$(UNIT_POSIX),$(eval UNIT_CFLAGS_$f += $$(if $$(filter lib/posix/%,$$<),-include tests/unit/libc_poll_names.h)))

UNIT_OBJS_POSIX := $(filter-out %/local_stream.c,$(UNIT_POSIX:%=lib/posix/%.c)) lib/newlib/errno.c lib/newlib/clock.c tests/unit/own_posix.c \
	$(addprefix lib/vfs/, file.c fd_table.c console_file.c console_watch.c)
$(foreach t,poll epoll epoll_oracle pipe timerfd,$(eval UNIT_OBJS_$t := $(UNIT_OBJS_POSIX)))
UNIT_OBJS_local_socket := $(UNIT_OBJS_POSIX) $(addprefix lib/posix/local_, socket.c stream.c message.c) lib/socket/socket_file.c

UNIT_OBJS_libc_text := lib/posix/text.c
UNIT_CFLAGS_text += $(if $(filter lib/posix/%,$<),-include tests/unit/libc_text_names.h)
