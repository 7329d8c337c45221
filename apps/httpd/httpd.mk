# SPDX-License-Identifier: MIT
# httpd: its parser of HTTP (deps/pins), the page in the image, the archive of pages, and its tests on the host.
# Included by the top-level Makefile.

HTTP_PARSER_DIR := build/deps/http-parser
HTTPD_OBJS := build/obj/apps/httpd/http_parser.o build/obj/apps/httpd/builtin.o
APP_OBJS_httpd := $(HTTPD_OBJS)
APP_CFLAGS_httpd := -std=gnu11 -Iinclude -Iarch/x86/include -Ibuild/include -I$(HTTP_PARSER_DIR)

$(HTTP_PARSER_DIR)/.done: deps/unpack deps/fetch deps/pins
	$(SAY) UNPACK http-parser
	$(Q)deps/unpack http-parser $(HTTP_PARSER_DIR)

build/obj/apps/httpd/http_parser.o: $(HTTP_PARSER_DIR)/.done $(SYSROOT_STAMP) Makefile apps/httpd/httpd.mk
	@mkdir -p $(@D)
	$(SAY) CC http_parser.c
	$(Q)$(TARGET_CC) -std=gnu11 -O2 -g $(ABI_CFLAGS) -nostdinc -isystem $(GCC_INCLUDE) -isystem $(SYSROOT)/include -D__xenolith__ \
		-c $(HTTP_PARSER_DIR)/http_parser.c -o $@

build/obj/apps/httpd/builtin.o: apps/httpd/builtin.S apps/httpd/www/index.html
	@mkdir -p $(@D)
	$(SAY) AS $<
	$(Q)$(TARGET_CC) -c $< -o $@

# The same pages give the same archive, byte for byte. Times are nobody's: the server's tags are sums of the content.
HTTPD_WWW := $(wildcard apps/httpd/www/*)
HTTPD_TAR := build/apps/httpd/httpd.tar
$(HTTPD_TAR): $(HTTPD_WWW) apps/httpd/httpd.mk
	@mkdir -p $(@D)
	$(SAY) TAR $@
	@rm -rf $(@D)/www && cp -R apps/httpd/www $(@D)/www
	$(Q)gzip -9nk $(@D)/www/*.html
	$(Q)tar -C $(@D)/www --format=ustar --sort=name --mtime=@1767225600 --owner=0 --group=0 --numeric-owner \
		--mode=u=rwX,go=rX -cf $@ .

build/apps/httpd/httpd.cfg: $(HTTPD_TAR)

# make run: PORT of this machine, a free one by default.
PORT ?= 0
RUN_FILES_httpd := $(HTTPD_TAR)
RUN_OPTIONS_httpd := --ramdisk $(HTTPD_TAR) --forward $(PORT):80 --fetch /

# On the host, with sanitizers: the same sources, another platform_*.c.
HTTPD_HOST := build/httpd-host
HTTPD_HOST_SRCS := $(filter-out %/platform_xenolith.c,$(wildcard apps/httpd/*.c)) tests/httpd/platform_host.c
$(HTTPD_HOST)/httpd: $(HTTPD_HOST_SRCS) $(wildcard apps/httpd/*.h) apps/httpd/builtin.S apps/httpd/www/index.html \
		$(HTTP_PARSER_DIR)/.done apps/httpd/httpd.mk
	@mkdir -p $(@D)
	@echo "  HOSTCC $@"
	@$(HOSTCC) -c apps/httpd/builtin.S -o $(@D)/builtin.o
	@$(UNIT_CC) -w -O1 -g $(UNIT_SANITIZE) -I$(HTTP_PARSER_DIR) -c $(HTTP_PARSER_DIR)/http_parser.c -o $(@D)/http_parser.o
	@$(UNIT_CC) -std=gnu11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer -Wall -Wextra $(UNIT_WERROR) $(UNIT_SANITIZE) \
		-I$(HTTP_PARSER_DIR) -Iapps/httpd -o $@ $(HTTPD_HOST_SRCS) $(@D)/http_parser.o $(@D)/builtin.o

.PHONY: httpd-tests
httpd-tests: $(HTTPD_HOST)/httpd ## apps/httpd as a process of this machine: malformed requests, ranges, slow clients, limits
	@HTTPD=$(HTTPD_HOST)/httpd python3 -B scripts/run-python-tests tests/httpd build/test-results/httpd.counts

FUZZ_OBJS_httpd := apps/httpd/fields.c apps/httpd/uri.c

.PHONY: run-tests
run-tests: build/apps/httpd/httpd $(HTTPD_TAR) ## what `make run` promises, in both modes
	@tests/httpd/run-on-rig build/apps/httpd/httpd $(HTTPD_TAR)
