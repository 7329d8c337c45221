// SPDX-License-Identifier: MIT
/*
 * RAM and address space of the fake machine: one memory file, so that a frame can show at its
 * linear address, in a window and to "Xen" at once. Owns vm_*(); the page allocator runs on top of
 * it.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fake.h>
#include <xenolith/vm.h>

#include "fake_priv.h"

#define MAX_PAGES      ((FAKE_RAM_LIMIT - FAKE_RAM_BASE) >> PAGE_SHIFT)
#define XEN_FRAMES     4096UL
#define WINDOW_BASE    0x300000000000UL
#define WINDOW_PAGES   65536UL
#define RAM_FIRST      (FAKE_RAM_BASE >> PAGE_SHIFT)
#define MEMORY_BYTES   ((MAX_PAGES + XEN_FRAMES) << PAGE_SHIFT)

size_t fake_guards;

static int memory_fd = -1;
static char *everything; /* the whole file: how Xen sees it */
static size_t nr_ram, nr_xen;
static bool guarded[MAX_PAGES];
static void *stack_top[MAX_PAGES]; /* of the stack above the guard page with this number */
static bool window_used[WINDOW_PAGES];
static bool window_mapped[WINDOW_PAGES];

static void die(const char *what)
{
    perror(what);
    abort();
}

static void memory_open(void)
{
    if (memory_fd >= 0) {
        return;
    }
    memory_fd = memfd_create("xenolith-fake", MFD_CLOEXEC);
    if (memory_fd < 0 || ftruncate(memory_fd, (off_t)MEMORY_BYTES) != 0) {
        die("fake: memfd");
    }
    everything = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, memory_fd, 0);
    if (everything == MAP_FAILED) {
        die("fake: mmap");
    }
    if (mmap((void *)WINDOW_BASE, WINDOW_PAGES << PAGE_SHIFT, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED) {
        die("fake: mmap of the window");
    }
}

void *fake_ram_map(size_t nr_pages)
{
    void *at = (void *)(FAKE_RAM_BASE + (nr_ram << PAGE_SHIFT));

    memory_open();
    assert(nr_ram + nr_pages <= MAX_PAGES);
    if (mmap(at, nr_pages << PAGE_SHIFT, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, memory_fd,
             (off_t)(nr_ram << PAGE_SHIFT)) != at) {
        die("fake: mmap of RAM");
    }
    nr_ram += nr_pages;
    return at;
}

static size_t ram_index(const void *page)
{
    size_t i = ((uintptr_t)page >> PAGE_SHIFT) - RAM_FIRST;

    if ((uintptr_t)page < FAKE_RAM_BASE || i >= nr_ram) {
        fprintf(stderr, "fake: %p is not RAM\n", page);
        abort();
    }
    return i;
}

int vm_guard(void *page)
{
    size_t i = ram_index(page);

    assert(((uintptr_t)page & ~PAGE_MASK) == 0 && !guarded[i]);
    if (fake_fail_now()) {
        return -ENOMEM;
    }
    if (mprotect(page, PAGE_SIZE, PROT_NONE) != 0) {
        die("fake: mprotect");
    }
    guarded[i] = true;
    stack_top[i] = NULL;
    fake_guards++;
    return 0;
}

void vm_unguard(void *page)
{
    size_t i = ram_index(page);

    assert(guarded[i]);
    if (mprotect(page, PAGE_SIZE, PROT_READ | PROT_WRITE) != 0) {
        die("fake: mprotect");
    }
    if (stack_top[i] != NULL) {
        fake_stack_wipe(page, (size_t)((char *)stack_top[i] - (char *)page));
    }
    guarded[i] = false;
    fake_guards--;
}

bool fake_is_guarded(const void *page)
{
    return guarded[ram_index(page)];
}

const void *fake_stack_low(void *top)
{
    size_t end = ram_index((char *)top - 1) + 1;

    for (size_t i = end; i > 0; i--) {
        if (guarded[i - 1]) {
            stack_top[i - 1] = top;
            return (void *)((RAM_FIRST + i) << PAGE_SHIFT);
        }
    }
    fprintf(stderr, "fake: no guard page below the stack that ends at %p\n", top);
    abort();
}

struct gfn pfn_to_gfn(struct pfn pfn)
{
    return (struct gfn){pfn.n + FAKE_GFN_BASE};
}

/* A frame's place in the memory file, in pages, or -1. */
static long gfn_offset(struct gfn gfn)
{
    if (gfn.n >= FAKE_GFN_BASE + RAM_FIRST && gfn.n < FAKE_GFN_BASE + RAM_FIRST + nr_ram) {
        return (long)(gfn.n - FAKE_GFN_BASE - RAM_FIRST);
    }
    if (gfn.n >= 1 && gfn.n <= nr_xen) {
        return (long)(MAX_PAGES + gfn.n - 1);
    }
    return -1;
}

void *fake_gfn_to_virt(struct gfn gfn)
{
    long at = gfn_offset(gfn);

    return at < 0 ? NULL : everything + ((size_t)at << PAGE_SHIFT);
}

struct gfn fake_xen_frame(void)
{
    memory_open();
    assert(nr_xen < XEN_FRAMES);
    nr_xen++;
    return (struct gfn){nr_xen};
}

static size_t window_index(const void *addr)
{
    size_t i = ((uintptr_t)addr - WINDOW_BASE) >> PAGE_SHIFT;

    assert((uintptr_t)addr >= WINDOW_BASE && i < WINDOW_PAGES && window_used[i]);
    return i;
}

WEAK void *vm_window_alloc(size_t nr_pages)
{
    size_t run = 0;

    memory_open();
    if (nr_pages == 0 || fake_fail_now()) {
        return NULL;
    }
    for (size_t i = 0; i < WINDOW_PAGES; i++) {
        run = window_used[i] ? 0 : run + 1;
        if (run == nr_pages) {
            size_t first = i + 1 - nr_pages;

            memset(&window_used[first], true, nr_pages);
            return (void *)(WINDOW_BASE + (first << PAGE_SHIFT));
        }
    }
    return NULL;
}

WEAK void vm_window_free(void *addr, size_t nr_pages)
{
    for (size_t i = 0; i < nr_pages; i++) {
        size_t at = window_index((char *)addr + (i << PAGE_SHIFT));

        assert(!window_mapped[at]);
        window_used[at] = false;
    }
}

int fake_window_map(void *addr, struct gfn gfn, bool readonly)
{
    size_t i = window_index(addr);
    long at = gfn_offset(gfn);

    if (at < 0) {
        return -EINVAL;
    }
    if (mmap(addr, PAGE_SIZE, readonly ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
             memory_fd, (off_t)((size_t)at << PAGE_SHIFT)) != addr) {
        die("fake: mmap of a window page");
    }
    window_mapped[i] = true;
    return 0;
}

void fake_window_unmap(void *addr)
{
    size_t i = window_index(addr);

    assert(window_mapped[i]);
    if (mmap(addr, PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != addr) {
        die("fake: mmap of a window page");
    }
    window_mapped[i] = false;
}

int vm_map_gfn(void *window, struct gfn gfn, bool readonly)
{
    return fake_window_map(window, gfn, readonly);
}

void vm_unmap(void *window)
{
    fake_window_unmap(window);
}
