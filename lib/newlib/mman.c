// SPDX-License-Identifier: MIT
/*
 * mmap() where every page is there from the start: a mapping is pages of its own, filled when it is made. A private mapping of a file
 * that nobody may write to shows the file's own memory if that begins at a page. PROT_NONE is guarded by the page tables, all other
 * protections are what the linear map has: readable, writable, never executable.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xenolith/list.h>
#include <xenolith/page.h>
#include <xenolith/types.h>
#include <xenolith/vfs.h>
#include <xenolith/vm.h>

#include "newlib_priv.h"

/** struct mapping - Pages [start, end). @file: whose memory it shows, with a reference; NULL: pages of its own. */
struct mapping {
    struct list link;
    uintptr_t start, end;
    struct file *file;
    bool guarded;
};

static struct list mappings = LIST_INIT(mappings);

static struct mapping *find_mapping(uintptr_t address)
{
    struct list *link;

    list_for_each(link, &mappings) {
        struct mapping *m = list_entry(link, struct mapping, link);

        if (address >= m->start && address < m->end) {
            return m;
        }
    }
    return NULL;
}

static int set_guard(struct mapping *m, bool guard)
{
    uintptr_t at;
    int rc = 0;

    if (m->guarded == guard || m->file != NULL) {
        return 0;
    }
    for (at = m->start; rc == 0 && at < m->end; at += PAGE_SIZE) {
        if (guard) {
            rc = vm_guard((void *)at);
        } else {
            vm_unguard((void *)at);
        }
    }
    while (rc != 0 && at > m->start + PAGE_SIZE) {
        at -= PAGE_SIZE;
        vm_unguard((void *)(at - PAGE_SIZE));
    }
    m->guarded = guard && rc == 0;
    return rc;
}

/* Makes @at, inside @m, the border of two mappings. */
static int split(struct mapping *m, uintptr_t at)
{
    struct mapping *upper;

    if (at <= m->start || at >= m->end) {
        return 0;
    }
    upper = malloc(sizeof(*upper));
    if (upper == NULL) {
        return -ENOMEM;
    }
    *upper = *m;
    upper->start = at;
    m->end = at;
    if (upper->file != NULL) {
        file_get(upper->file);
    }
    list_push_front(&m->link, &upper->link);
    return 0;
}

/* Where the next mapping above @at begins, or @end. */
static uintptr_t next_start(uintptr_t at, uintptr_t end)
{
    struct list *link;

    list_for_each(link, &mappings) {
        const struct mapping *m = list_entry(link, struct mapping, link);

        if (m->start > at && m->start < end) {
            end = m->start;
        }
    }
    return end;
}

/* Calls @fn for the mappings of a range, cut at its borders. @gaps: whether pages that are not mapped are an error. */
static int for_range(void *address, size_t bytes, bool gaps, int (*fn)(struct mapping *m, int argument),
                     int argument)
{
    uintptr_t at = (uintptr_t)address, end;

    if (at % PAGE_SIZE != 0 || bytes == 0 || bytes > PTRDIFF_MAX || at + bytes < at) {
        return -EINVAL;
    }
    end = at + ALIGN_UP(bytes, PAGE_SIZE);
    while (at < end) {
        struct mapping *m = find_mapping(at);
        int rc;

        if (m == NULL) {
            if (gaps) {
                return -ENOMEM;
            }
            at = next_start(at, end);
            continue;
        }
        rc = split(m, at);
        if (rc == 0 && m->start != at) {
            continue;
        }
        rc = rc != 0 ? rc : split(m, end);
        at = m->end;
        rc = rc != 0 ? rc : fn(m, argument);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static struct mapping *add_mapping(const void *start, size_t bytes, struct file *file)
{
    struct mapping *m = malloc(sizeof(*m));

    if (m != NULL) {
        m->start = (uintptr_t)start;
        m->end = m->start + bytes;
        m->file = file;
        m->guarded = false;
        list_push_front(&mappings, &m->link);
    }
    return m;
}

/* The last page of a mapping shows zeros behind the file's end. */
static bool is_zero_to_page_end(const char *at)
{
    for (; (uintptr_t)at % PAGE_SIZE != 0; at++) {
        if (*at != 0) {
            return false;
        }
    }
    return true;
}

/* The file's own memory, if it will do: page aligned, the whole length, and as it should be behind that. */
static void *map_in_place(struct file *file, uint64_t offset, size_t bytes)
{
    const void *address;
    size_t there;

    if (file->ops->map == NULL || file->ops->map(file, offset, &address, &there) != 0 || there < bytes ||
        (uintptr_t)address % PAGE_SIZE != 0 ||
        (bytes == there && !is_zero_to_page_end((const char *)address + bytes))) {
        return NULL;
    }
    file_get(file);
    if (add_mapping(address, ALIGN_UP(bytes, PAGE_SIZE), file) == NULL) {
        file_put(file);
        return NULL;
    }
    return (void *)address;
}

/* What lies behind the end of the file is zeros. */
static int fill_from_file(struct file *file, uint64_t offset, char *to, size_t bytes)
{
    size_t got = 0;

    if (file->ops->read_at == NULL) {
        return -ENODEV;
    }
    while (got < bytes) {
        long rc = file->ops->read_at(file, to + got, bytes - got, offset + got);

        if (rc < 0) {
            return (int)rc;
        }
        if (rc == 0) {
            break;
        }
        got += (size_t)rc;
    }
    memset(to + got, 0, bytes - got);
    return 0;
}

/* @file: NULL for zeros. @at: where, inside one mapping of ours, or NULL for new pages. */
static long make(struct file *file, uint64_t offset, size_t bytes, int protection, char *at)
{
    size_t whole = ALIGN_UP(bytes, PAGE_SIZE);
    struct mapping *m = NULL;
    int rc = 0;

    if (at == NULL) {
        at = page_alloc_exact(whole / PAGE_SIZE);
        if (at == NULL) {
            return -ENOMEM;
        }
        m = add_mapping(at, whole, NULL);
        if (m == NULL) {
            page_free_exact(at, whole / PAGE_SIZE);
            return -ENOMEM;
        }
    }
    if (file == NULL) {
        memset(at, 0, whole);
    } else {
        rc = fill_from_file(file, offset, at, whole);
    }
    if (rc == 0 && m != NULL && protection == PROT_NONE) {
        rc = set_guard(m, true);
    }
    if (rc != 0 && m != NULL) {
        (void)munmap(at, whole);
    }
    return rc != 0 ? rc : (long)at;
}

/* A fixed address must lie within what is mapped: there is no other address space to give out. */
static int check_fixed(void *address, size_t bytes)
{
    struct mapping *m = find_mapping((uintptr_t)address);

    if (m == NULL || m->file != NULL || (uintptr_t)address % PAGE_SIZE != 0 ||
        ALIGN_UP(bytes, PAGE_SIZE) > m->end - (uintptr_t)address) {
        return -ENOMEM;
    }
    return set_guard(m, false);
}

static long map(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    int sharing = flags & (MAP_SHARED | MAP_PRIVATE);
    struct file *file = NULL;
    void *in_place = NULL;
    long rc;

    if (bytes == 0 || bytes > PTRDIFF_MAX || offset < 0 || offset % (off_t)PAGE_SIZE != 0 ||
        (sharing != MAP_SHARED && sharing != MAP_PRIVATE)) {
        return -EINVAL;
    }
    if ((protection & PROT_EXEC) != 0) {
        return -EACCES;
    }
    rc = (flags & MAP_FIXED) != 0 ? check_fixed(address, bytes) : 0;
    if (rc != 0) {
        return rc;
    }
    if ((flags & MAP_ANONYMOUS) == 0) {
        file = fd_file(fd);
        if (file == NULL) {
            return -EBADF;
        }
        /* Who shares a mapping of what it writes wants each to show in the other. */
        if ((file->flags & FILE_READ) == 0 ||
            (sharing == MAP_SHARED && ((protection & PROT_WRITE) != 0 || (file->flags & FILE_WRITE) != 0))) {
            rc = (file->flags & FILE_READ) == 0 ? -EACCES : -ENODEV;
            file_put(file);
            return rc;
        }
        if ((protection & PROT_WRITE) == 0 && (flags & MAP_FIXED) == 0) {
            in_place = map_in_place(file, (uint64_t)offset, bytes);
        }
    }
    rc = in_place != NULL
             ? (long)in_place
             : make(file, (uint64_t)offset, bytes, protection, (flags & MAP_FIXED) != 0 ? address : NULL);
    if (file != NULL) {
        file_put(file);
    }
    return rc;
}

void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    long rc = map(address, bytes, protection, flags, fd, offset);

    return rc < 0 && rc > -4096 ? (void *)libc_result(rc) : (void *)rc;
}

static int drop(struct mapping *m, int unused)
{
    (void)unused;
    (void)set_guard(m, false);
    list_remove(&m->link);
    if (m->file != NULL) {
        file_put(m->file);
    } else {
        page_free_exact((void *)m->start, (m->end - m->start) / PAGE_SIZE);
    }
    free(m);
    return 0;
}

int munmap(void *address, size_t bytes)
{
    return (int)libc_result(for_range(address, bytes, false, drop, 0));
}

static int protect(struct mapping *m, int protection)
{
    if ((protection & PROT_WRITE) != 0 && m->file != NULL) {
        return -EACCES;
    }
    return set_guard(m, protection == PROT_NONE);
}

int mprotect(void *address, size_t bytes, int protection)
{
    if ((protection & PROT_EXEC) != 0) {
        errno = EACCES;
        return -1;
    }
    return bytes == 0 ? 0 : (int)libc_result(for_range(address, bytes, true, protect, protection));
}

static int do_nothing(struct mapping *m, int unused)
{
    (void)m;
    (void)unused;
    return 0;
}

/* Nothing that is shared can be written to, so there is nothing to bring anywhere. */
int msync(void *address, size_t bytes, int flags)
{
    (void)flags;
    return bytes == 0 ? 0 : (int)libc_result(for_range(address, bytes, true, do_nothing, 0));
}

static int forget(struct mapping *m, int unused)
{
    (void)unused;
    if (m->file == NULL && !m->guarded) {
        memset((void *)m->start, 0, m->end - m->start);
    }
    return 0;
}

/* Linux promises zeros after MADV_DONTNEED of anonymous memory; a file's pages would be read again, and come as zeros here. */
int madvise(void *address, size_t bytes, int advice)
{
    return bytes == 0 ? 0
                      : (int)libc_result(for_range(address, bytes, true,
                                                   advice == MADV_DONTNEED ? forget : do_nothing, 0));
}

int posix_madvise(void *address, size_t bytes, int advice)
{
    (void)advice;
    return bytes == 0 ? 0 : -for_range(address, bytes, true, do_nothing, 0);
}

/* Nothing is ever swapped out. */
int mlock(const void *address, size_t bytes)
{
    (void)address;
    (void)bytes;
    return 0;
}

int munlock(const void *address, size_t bytes)
{
    (void)address;
    (void)bytes;
    return 0;
}
