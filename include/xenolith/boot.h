// SPDX-License-Identifier: MIT
/*
 * What the domain builder told us, in one form for both modes. Written by arch/x86 before kernel_main()
 * runs and constant afterwards.
 */
#ifndef XENOLITH_BOOT_H
#define XENOLITH_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include <xenolith/compiler.h>
#include <xenolith/types.h>

enum boot_mode {
    BOOT_PV,
    BOOT_PVH,
};

#define BOOT_MAX_RAM_REGIONS 16

/** struct boot_ram - One run of usable RAM, frames [start, end). */
struct boot_ram {
    struct pfn start, end;
};

/**
 * struct boot_info - Everything found at boot.
 * @cmdline:        The domain's `extra=`, NUL-terminated, in a page that stays; empty when there is none.
 * @nr_pages:       All RAM of the domain, in pages.
 * @ram:            Where it lies; nr_ram entries, ascending, not overlapping.
 * @ramdisk:        The domain's ramdisk in the linear map, or NULL; @ramdisk_bytes its length.
 * @console_gfn:    Ring page of the PV console; @console_port its event channel. Port 0: no console.
 * @store_gfn:      Ring page of xenstore; @store_port its event channel. Port 0: no xenstore.
 * @first_tsc:      TSC at our first instruction.
 */
struct boot_info {
    enum boot_mode mode;
    const char *cmdline;
    unsigned long nr_pages;
    unsigned int nr_ram;
    struct boot_ram ram[BOOT_MAX_RAM_REGIONS];
    const void *ramdisk;
    unsigned long ramdisk_bytes;
    struct gfn console_gfn, store_gfn;
    void *console_ring, *store_ring; /* the same two pages, mapped */
    uint32_t console_port, store_port;
    uint64_t first_tsc;
};

extern struct boot_info boot_info;

static inline bool boot_is_pv(void)
{
    return boot_info.mode == BOOT_PV;
}

/**
 * struct boot_option - A word of the command line that belongs to the system, not to the program.
 * @name: Without '='. `name` alone passes an empty value.
 * @set:  Called once at boot, in the order of the command line, before threads run. It must not block.
 *        @value is NUL-terminated and stays valid. 0, or a negative errno to have the word reported as wrong.
 *
 * Registered by BOOT_OPTION(); known only in images that link its module.
 */
struct boot_option {
    const char *name;
    int (*set)(const char *value);
};

#define BOOT_OPTION(ident, word, setter)                                                        \
    static const struct boot_option boot_option_##ident REGISTERED(".rodata.boot_options") = { \
        .name = (word), .set = (setter)}

/**
 * boot_options_apply() - Hand every known word in front of `--` to its owner.
 * Context: once, from kernel_main().
 */
void boot_options_apply(void);

/**
 * boot_option_is_known() - Does a word of the command line belong to the system?
 * @word: Start of the word; it ends at '=', white space or NUL.
 * Context: any. For the C library, which makes argv of the other words.
 */
bool boot_option_is_known(const char *word);

#endif
