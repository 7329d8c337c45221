// SPDX-License-Identifier: MIT
/*
 * Claims about what a file system of ext may bring along: files whose bytes lie in their inodes are read, grow, shrink and stay whole after a
 * power cut; a file that is opened for synchronous writing is on the disk when write() returns; with the option "discard" the disk gets back what
 * was freed, once that is for good.
 */
#include "ext_fixture.h"

#include "../../lib/fs/disk.h"
#include "unit.h"

#define DISK_BYTES (3u << 20)

static unsigned char image[DISK_BYTES];

static struct file *open_file(const char *path, unsigned int flags)
{
    struct file *file;

    assert_int_equal(path_open(NULL, path, flags, 0644, &file), 0);
    return file;
}

static void assert_bytes(const char *path, const char *want, size_t bytes)
{
    struct file *file = open_file(path, PATH_READ);
    char *got = calloc(1, bytes + 100);

    assert_int_equal(file->ops->read_at(file, got, bytes + 100, 0), bytes);
    assert_memory_equal(got, want, bytes);
    free(got);
    file_put(file);
}

/* The disk as it is now, as if the power had gone. */
static struct fs *mount_after_cut(struct fs *fs)
{
    memcpy(image, disk.bytes, DISK_BYTES);
    assert_int_equal(fs_unmount(fs), 0);
    memcpy(disk.bytes, image, DISK_BYTES);
    return mount_disk();
}

/* Small ones lie in their inodes. */
static void make_inline_files(void)
{
    char folder[] = "/tmp/ext-inline-XXXXXX", command[400];

    assert_non_null(mkdtemp(folder));
    snprintf(command, sizeof(command),
             "cd %s && printf small >small && printf %%050d 7 >medium && printf %%0150d 7 >large && : >empty",
             folder);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof(command), "-t ext4 -b 1024 -I 256 -J size=1 -O inline_data -d %s", folder);
    make_file_system(command);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static void bytes_in_inodes_can_be_changed(void **state)
{
    char medium[51], large[5000];
    struct file *file;
    struct fs *fs;

    (void)state;
    snprintf(medium, sizeof(medium), "%050d", 7);
    memset(large, 0, sizeof(large));
    snprintf(large, 151, "%0150d", 7);
    large[150] = 0;
    make_inline_files();
    assert_int_equal(tool("/sbin/debugfs -R 'stat /small' %s 2>/dev/null | grep -q 'Flags: 0x10000000'"), 0);
    fs = mount_disk();
    assert_bytes("/data/small", "small", 5);
    assert_bytes("/data/medium", medium, 50);
    assert_bytes("/data/large", large, 150);
    assert_bytes("/data/empty", "", 0);

    file = open_file("/data/small", PATH_WRITE);
    assert_int_equal(file->ops->write_at(file, "er", 2, 5), 2);
    file_put(file);
    assert_bytes("/data/small", "smaller", 7);

    file = open_file("/data/medium", PATH_WRITE);
    assert_int_equal(file->ops->resize(file, 20), 0);
    file_put(file);
    assert_bytes("/data/medium", medium, 20);

    file = open_file("/data/large", PATH_WRITE);
    large[4999] = 'x';
    assert_int_equal(file->ops->write_at(file, "x", 1, 4999), 1);
    assert_int_equal(file->ops->sync(file, false), 0);
    file_put(file);
    assert_bytes("/data/large", large, 5000);

    fs = mount_after_cut(fs);
    assert_bytes("/data/small", "smaller", 7);
    assert_bytes("/data/medium", medium, 20);
    assert_bytes("/data/large", large, 5000);
    assert_int_equal(path_unlink(NULL, "/data/empty", false), 0);
    assert_int_equal(fs_unmount(fs), 0);
    assert_true(is_clean());
}

static void a_synchronous_write_is_on_the_disk_when_it_returns(void **state)
{
    struct file *file;
    struct fs *fs;

    (void)state;
    make_file_system("-t ext4 -b 1024 -J size=1");
    fs = mount_disk();
    file = open_file("/data/log", PATH_WRITE | PATH_CREATE | PATH_SYNC);
    assert_int_equal(file_synced(file, file->ops->write(file, "first", 5)), 5);
    file_put(file);
    fs = mount_after_cut(fs);
    assert_bytes("/data/log", "first", 5);
    file = open_file("/data/log", PATH_WRITE | PATH_APPEND | PATH_SYNC);
    assert_int_equal(file_synced(file, file->ops->write(file, ", second", 8)), 8);
    file_put(file);
    fs = mount_after_cut(fs);
    assert_bytes("/data/log", "first, second", 13);
    assert_int_equal(fs_unmount(fs), 0);
    assert_true(is_clean());
}

static void write_file(const char *path, char fill, size_t bytes)
{
    static char data[200000];
    struct file *file = open_file(path, PATH_WRITE | PATH_CREATE);

    memset(data, fill, bytes);
    assert_int_equal(file->ops->write(file, data, bytes), bytes);
    file_put(file);
}

/* Where it discarded the disk of this test holds something else at once. */
static void what_a_commit_freed_is_discarded(void **state)
{
    static char kept[70000];
    struct node *dir;
    struct fs *fs;

    (void)state;
    make_file_system("-t ext4 -b 1024 -J size=1");
    assert_int_equal(ext_open(&disk.dev, DISK_DISCARD, &fs), 0);
    assert_int_equal(path_node(NULL, "/data", 0, &dir), 0);
    assert_int_equal(fs_mount(fs, dir), 0);
    node_put(dir);
    write_file("/data/kept", 'k', sizeof(kept));
    write_file("/data/removed", 'r', 200000);
    assert_int_equal(fs_sync_all(), 0);
    assert_int_equal(path_unlink(NULL, "/data/removed", false), 0);
    assert_int_equal(disk.nr_discards, 0);
    assert_int_equal(fs_sync_all(), 0);
    assert_in_range(disk.discarded_bytes, 190000, 200704);
    write_file("/data/again", 'a', 200000);
    fs = mount_after_cut(fs);
    memset(kept, 'k', sizeof(kept));
    assert_bytes("/data/kept", kept, sizeof(kept));
    assert_int_equal(fs_unmount(fs), 0);
    assert_true(is_clean());
}

static int boot(void **state)
{
    (void)state;
    boot_with_disk(DISK_BYTES);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_in_inodes_can_be_changed),
        cmocka_unit_test(what_a_commit_freed_is_discarded),
        cmocka_unit_test(a_synchronous_write_is_on_the_disk_when_it_returns),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
