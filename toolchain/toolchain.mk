# SPDX-License-Identifier: MIT
# The cross toolchain under build/toolchain: included by the top-level Makefile after deps.mk and lib.mk.
#
# TOOLCHAIN_STAMP is what to depend on before an application is compiled or linked; XCC compiles and links.

TOOLCHAIN := build/toolchain
TOOLCHAIN_STAMP := $(TOOLCHAIN)/.done
XCC := $(TOOLCHAIN)/bin/x86_64-xenolith-elf-gcc
XSTRIP := $(TOOLCHAIN)/bin/x86_64-xenolith-elf-strip

LIB_GCC_OBJS := $(LIB_GCC_SRCS:%.c=build/obj/%.o)

$(LIB_GCC_OBJS): build/obj/%.o: %.c lib/gcc/gcc_priv.h Makefile lib/lib.mk
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(TARGET_CC) $(COMMON_CFLAGS) -fno-stack-protector -c $< -o $@

$(TOOLCHAIN)/lib/libgcc.a: toolchain/make-libgcc scripts/check-red-zone $(LIB_GCC_OBJS)
	$(SAY) AR $@
	$(Q)CROSS_COMPILE=$(CROSS_COMPILE) toolchain/make-libgcc $@ $(LIB_GCC_OBJS)

$(TOOLCHAIN)/lib/xenolith.specs: toolchain/install toolchain/gcc-wrapper toolchain/tool-wrapper \
		toolchain/xenolith.specs.in minios.lds $(SYSROOT_STAMP)
	$(SAY) INSTALL $(TOOLCHAIN)
	$(Q)CROSS_COMPILE=$(CROSS_COMPILE) toolchain/install $(TOOLCHAIN) $(SYSROOT)

$(TOOLCHAIN)/lib/libxenolith.a: build/lib/libxenolith.a
$(TOOLCHAIN)/lib/libxenolith-c.a: build/lib/libxenolith-c.a
$(TOOLCHAIN)/lib/libxenolith.a $(TOOLCHAIN)/lib/libxenolith-c.a:
	@mkdir -p $(@D)
	$(Q)cp $< $@

# Libraries of others that parts of lib/ stand on (deps/), as one archive.
$(TOOLCHAIN)/lib/libxenolith-deps.a: $(DEP_LIBS)
	@mkdir -p $(@D)
	$(SAY) AR $@
	@rm -f $@
	$(Q){ echo "create $@"; for lib in $^; do echo "addlib $$lib"; done; echo save; echo end; } | $(CROSS_COMPILE)ar -M

$(TOOLCHAIN_STAMP): $(TOOLCHAIN)/lib/libgcc.a $(TOOLCHAIN)/lib/xenolith.specs \
		$(TOOLCHAIN)/lib/libxenolith.a $(TOOLCHAIN)/lib/libxenolith-c.a $(TOOLCHAIN)/lib/libxenolith-deps.a
	@touch $@

.PHONY: toolchain
toolchain: $(TOOLCHAIN_STAMP) ## build/toolchain/bin/x86_64-xenolith-elf-gcc and its kin

.PHONY: toolchain-tests
toolchain-tests: $(TOOLCHAIN_STAMP) ## the cross wrappers, the red zone check and the check for SSE
	@tests/toolchain/run $(TOOLCHAIN)/bin
