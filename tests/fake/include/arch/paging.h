// SPDX-License-Identifier: MIT
/*
 * The host's stand-in for arch/paging.h: fake_gnttab.c, or the test, answers.
 */
#ifndef XENOLITH_ARCH_PAGING_H
#define XENOLITH_ARCH_PAGING_H

#include <stddef.h>
#include <stdint.h>

#include <xenolith/compiler.h>

/** arch_window_prepare() - Have page tables under [va, va + nr_pages pages). 0 or -ENOMEM. */
int arch_window_prepare(uintptr_t va, size_t nr_pages) MUST_CHECK;

/** arch_map_gnttab() - Let frames [first, first + nr) of our grant table appear at @va. 0 or -errno. */
int arch_map_gnttab(uintptr_t va, unsigned int first, unsigned int nr) MUST_CHECK;

#endif
