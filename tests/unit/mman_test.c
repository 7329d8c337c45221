// SPDX-License-Identifier: MIT
/*
 * Claims about mappings of files: what lies behind the end is zeros, also where the file's own memory is shown; nobody is given a copy
 * who asked for what others write; and ranges far larger than what is mapped cost nothing.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <errno.h>
#include <sys/mman.h>

#include <xenolith/types.h>
#include <xenolith/vfs.h>

#include "vfs_fixture.h"

void *own_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);
int own_munmap(void *address, size_t bytes);
int own_mprotect(void *address, size_t bytes, int protection);

/* A file of FILE_BYTES whose bytes stand in memory, as an archive's do. */
#define FILE_BYTES (PAGE_SIZE + 100)

static char memory[3 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static struct file file;
static int fd;

static long read_at(struct file *f, void *buf, size_t bytes, uint64_t offset)
{
    (void)f;
    bytes = offset < FILE_BYTES ? MIN(bytes, FILE_BYTES - offset) : 0;
    memcpy(buf, memory + offset, bytes);
    return (long)bytes;
}

static int show(struct file *f, uint64_t offset, const void **address, size_t *bytes)
{
    (void)f;
    if (offset >= FILE_BYTES) {
        return -ENODEV;
    }
    *address = memory + offset;
    *bytes = FILE_BYTES - offset;
    return 0;
}

static const struct file_ops ops = {.read_at = read_at, .map = show};

static int boot(void **state)
{
    (void)state;
    fake_boot(4096);
    return 0;
}

static int open_file(void **state)
{
    (void)state;
    memset(memory, 'm', sizeof(memory));
    file_init(&file, &ops, FILE_READ);
    fd = fd_install(&file, 0);
    return fd >= 0 ? 0 : -1;
}

static int close_file(void **state)
{
    (void)state;
    assert_int_equal(file.refs, 1);
    return fd_close(fd);
}

static void whole_pages_are_shown_in_place(void **state)
{
    char *p = own_mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, fd, 0);

    (void)state;
    assert_ptr_equal(p, memory);
    assert_int_equal(own_mprotect(p, PAGE_SIZE, PROT_READ | PROT_WRITE), -1);
    assert_int_equal(errno, EACCES);
    assert_int_equal(own_munmap(p, PAGE_SIZE), 0);
}

static void behind_the_end_are_zeros(void **state)
{
    char *p = own_mmap(NULL, FILE_BYTES, PROT_READ, MAP_PRIVATE, fd, 0);

    (void)state;
    /* What follows in memory is another file's. */
    assert_ptr_not_equal(p, memory);
    assert_memory_equal(p, memory, FILE_BYTES);
    for (size_t i = FILE_BYTES; i < 2 * PAGE_SIZE; i++) {
        assert_int_equal(p[i], 0);
    }
    assert_int_equal(own_munmap(p, FILE_BYTES), 0);
    memset(memory + FILE_BYTES, 0, sizeof(memory) - FILE_BYTES);
    p = own_mmap(NULL, FILE_BYTES, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_ptr_equal(p, memory);
    assert_int_equal(own_munmap(p, FILE_BYTES), 0);
}

static void what_others_write_is_not_shared(void **state)
{
    (void)state;
    assert_ptr_equal(own_mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    assert_int_equal(errno, ENODEV);
    file.flags = FILE_READ | FILE_WRITE;
    assert_ptr_equal(own_mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0), MAP_FAILED);
    assert_int_equal(errno, ENODEV);
    file.flags = FILE_WRITE;
    assert_ptr_equal(own_mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, fd, 0), MAP_FAILED);
    assert_int_equal(errno, EACCES);
}

static void a_range_may_be_larger_than_memory(void **state)
{
    char *p = own_mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *q = own_mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *lower = MIN(p, q);

    (void)state;
    assert_ptr_not_equal(p, MAP_FAILED);
    assert_ptr_not_equal(q, MAP_FAILED);
    assert_int_equal(own_munmap(lower, (size_t)1 << 60), 0);
    assert_int_equal(own_mprotect(p, PAGE_SIZE, PROT_READ), -1);
    assert_int_equal(own_mprotect(q, PAGE_SIZE, PROT_READ), -1);
    assert_int_equal(errno, ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whole_pages_are_shown_in_place, open_file, close_file),
        cmocka_unit_test_setup_teardown(behind_the_end_are_zeros, open_file, close_file),
        cmocka_unit_test_setup_teardown(what_others_write_is_not_shared, open_file, close_file),
        cmocka_unit_test_setup_teardown(a_range_may_be_larger_than_memory, open_file, close_file),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
