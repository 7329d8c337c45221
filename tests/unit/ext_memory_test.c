// SPDX-License-Identifier: MIT
/*
 * Claims about memory that runs out, and blocks that cannot be read, in the middle of a change to ext4: the change happens or it does not, or the file system
 * stops there. e2fsck finds nothing either way. The linker hands malloc() and calloc() to this file.
 */
#include "ext_fixture.h"
#include "unit.h"

#include <xenolith/fs.h>

#define DISK_BYTES (4u << 20)

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t nr, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t nr, size_t bytes);

static bool counting;
static unsigned int calls, fail_at, width;

static bool fails(void)
{
    if (!counting) {
        return false;
    }
    calls++;
    return calls >= fail_at && calls - fail_at < width;
}

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t nr, size_t bytes)
{
    return fails() ? NULL : __real_calloc(nr, bytes);
}

static int read_fault(struct fake_disk *d, const struct blkdev_req *req)
{
    (void)d;
    return req->op == BLKDEV_READ && fails() ? -EIO : 0;
}

static int boot(void **state)
{
    (void)state;
    boot_with_disk(DISK_BYTES);
    return 0;
}

static void write_file(const char *path, uint64_t offset, size_t bytes)
{
    static char buf[70000];
    struct file *file;

    if (path_open(NULL, path, PATH_CREATE | PATH_WRITE, 0644, &file) == 0) {
        (void)file->ops->write_at(file, buf, bytes, offset);
        file_put(file);
    }
}

static void make_dir(const char *path)
{
    static const struct new_node what = {.kind = FILE_DIRECTORY, .permissions = 0755};

    (void)path_create(NULL, path, &what);
}

static void set_up(void)
{
    make_dir("/data/a");
    make_dir("/data/a/old");
    make_dir("/data/b");
    for (unsigned int i = 0; i < 30; i++) {
        char path[80];

        snprintf(path, sizeof(path), "/data/b/a_rather_long_name_for_a_file_%u", i);
        write_file(path, 0, 3000);
    }
    write_file("/data/large", 0, 70000);
    write_file("/data/holes", 0, 10);
    for (unsigned int i = 1; i < 8; i++) {
        write_file("/data/holes", i * 8192, 10);
    }
    (void)fs_sync_all();
}

/* A bit of everything. Whether any of it succeeds does not matter. */
static void work(void)
{
    static const struct new_node link = {
        .kind = FILE_SYMLINK,
        .permissions = 0777,
        .target = "a/target/that/is/too/long/for/the/inode/and/gets/a/block/of/its/own/somewhere/else"};
    struct node *node;

    write_file("/data/new", 0, 60000);
    write_file("/data/holes", 100000, 5000);
    write_file("/data/holes", 4096, 3000);
    (void)path_rename(NULL, "/data/a/old", NULL, "/data/b/new", 0);
    (void)path_rename(NULL, "/data/new", NULL, "/data/large", 0);
    make_dir("/data/a/one");
    make_dir("/data/a/one/two");
    (void)path_create(NULL, "/data/a/link", &link);
    (void)path_link(NULL, "/data/holes", NULL, "/data/b/another_rather_long_name_for_the_same_file", 0);
    (void)path_unlink(NULL, "/data/b/a_rather_long_name_for_a_file_7", false);
    (void)path_unlink(NULL, "/data/a/one/two", true);
    if (path_node(NULL, "/data/holes", 0, &node) == 0) {
        (void)node_resize(node, 20000);
        node_put(node);
    }
    (void)path_unlink(NULL, "/data/large", false);
}

/* Return: whether there were so many calls. */
static bool fail_once(const char *options, unsigned int at)
{
    struct fs *fs;
    bool reached;

    make_file_system(options);
    fs = mount_disk();
    set_up();
    assert_int_equal(fs_unmount(fs), 0);
    fs = mount_disk();
    calls = 0;
    fail_at = at;
    counting = true;
    work();
    counting = false;
    reached = calls >= at;
    (void)fs_unmount(fs);
    /* What stopped in the middle is replayed. */
    fs = mount_disk();
    assert_int_equal(fs_unmount(fs), 0);
    if (!is_clean()) {
        print_message("%s: failed at %u\n", options, at);
        assert_true(false);
    }
    return reached;
}

/* @in_a_row fail; the places are @stride apart. */
static void fail_everywhere(const char *options, unsigned int in_a_row, unsigned int stride)
{
    unsigned int at = 1 + (unsigned int)fake_random_below(stride);

    for (width = in_a_row; fail_once(options, at); at += stride) {
    }
}

static void memory_that_runs_out_leaves_it_whole(void **state)
{
    (void)state;
    fail_everywhere("-t ext4 -b 1024", 1, 9);
    fail_everywhere("-t ext4 -b 1024", 100, 7);
    fail_everywhere("-t ext3 -b 1024", 100, 7);
}

static void blocks_that_cannot_be_read_leave_it_whole(void **state)
{
    (void)state;
    disk.fault = read_fault;
    fail_everywhere("-t ext4 -b 1024", 1, 2);
    disk.fault = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_that_runs_out_leaves_it_whole),
        cmocka_unit_test(blocks_that_cannot_be_read_leave_it_whole),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
