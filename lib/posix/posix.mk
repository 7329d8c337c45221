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

# The edge to files, for who runs all of it.
UNIT_FILE_CALLS := $(addprefix lib/newlib/, open.c fcntl.c uio.c mman.c) $(addprefix lib/posix/, allocate.c copy_range.c fifo.c)
UNIT_MORE_FILE_CALLS := $(addprefix lib/newlib/, io.c cwd.c dir.c file_facts.c file_times.c path.c stat.c statvfs.c) \
	$(addprefix lib/posix/, scandir.c ftw.c)
$(foreach f,$(basename $(notdir $(UNIT_FILE_CALLS) $(UNIT_MORE_FILE_CALLS))),\
	$(eval UNIT_CFLAGS_$f += $$(if $$(filter lib/newlib/% lib/posix/%,$$<),-include tests/unit/libc_file_names.h)))

UNIT_CFLAGS_socket_pair += -Dsocketpair=own_socketpair
FUZZ_OBJS_fd := $(filter-out lib/vfs/%,$(UNIT_OBJS_POSIX)) lib/socket/socket_pair.c $(filter lib/posix/local_% lib/socket/%,$(UNIT_OBJS_local_socket)) $(wildcard lib/vfs/*.c) $(UNIT_FILE_CALLS) tests/fuzz/fd_model.c
UNIT_OBJS_fd_random := $(FUZZ_OBJS_fd) tests/fuzz/fd_fuzz.c
UNIT_OBJS_file_oracle := $(UNIT_FILE_CALLS) $(UNIT_MORE_FILE_CALLS) lib/posix/pipe_file.c lib/posix/byte_queue.c lib/newlib/errno.c lib/newlib/clock.c \
	tests/unit/file_oracle_names.c tests/unit/file_oracle_data.c \
	$(filter-out lib/vfs/console_watch.c, $(wildcard lib/vfs/*.c))
UNIT_OBJS_mman := lib/newlib/mman.c lib/newlib/errno.c $(addprefix lib/vfs/, file.c fd_table.c console_file.c)
