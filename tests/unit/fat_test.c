// SPDX-License-Identifier: MIT
/*
 * Claims about FAT12, FAT16 and FAT32 on a disk: it does what the file system in memory does, with the names and errors of Linux's vfat. The
 * judge is this machine's fsck.fat.
 */
#include "fat_work.h"

#include <xenolith/compiler.h>
#include <xenolith/sched.h>
#include <xenolith/time.h>

#include "unit.h"
#include "vfs_fixture.h"

#define DISK_BYTES (40u << 20)

static void work_leaves_what_it_should(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
        struct fs *model = new_model(), *fs;

        make_file_system(kinds[kind]);
        fs = mount_disk();
        for (unsigned int i = 0; i < 1500; i++) {
            step();
            if (fake_random_below(60) == 0) {
                assert_int_equal(fs_sync_all(), 0);
            }
        }
        compare_trees();
        close_all();
        assert_int_equal(fs_unmount(fs), 0);
        assert_true(is_clean());
        fs = mount_disk();
        compare_trees();
        assert_int_equal(fs_unmount(fs), 0);
        assert_true(is_clean());
        assert_int_equal(fs_unmount(model), 0);
    }
}

/* ---- Names, errors, times: as Linux's vfat ---- */

static int make_file(const char *path)
{
    struct file *file;
    int rc = path_open(NULL, path, PATH_READ | PATH_WRITE | PATH_CREATE, 0644, &file);

    if (rc == 0) {
        file_put(file);
    }
    return rc;
}

static unsigned int word_at(unsigned int offset)
{
    return disk.bytes[offset] | (unsigned int)disk.bytes[offset + 1] << 8;
}

static bool is_there(const char *path)
{
    struct node *node;

    if (path_node(NULL, path, 0, &node) != 0) {
        return false;
    }
    node_put(node);
    return true;
}

static void names_are_those_of_vfat(void **state)
{
    struct dir_entry *entry = calloc(1, sizeof(*entry));
    char longest[300] = "/data/";
    struct fs *fs;

    (void)state;
    make_file_system("-F 16 -s 4");
    fs = mount_disk();
    assert_int_equal(make_file("/data/A long Name with Größe, 日本語 and 🙂.Text"), 0);
    assert_true(is_there("/data/a LONG name with GRÖSSE, 日本語 and 🙂.tEXT") ==
                false); /* ß has no capital */
    assert_true(is_there("/data/a LONG name with GRÖßE, 日本語 and 🙂.tEXT"));
    assert_true(is_there("/data/ALONGN~1.TEX"));
    assert_true(is_there("/data/a long name with größe, 日本語 and 🙂.text..."));
    assert_int_equal(fs->root->ops->list(fs->root, 0, entry), 1);
    assert_string_equal(entry->name, "A long Name with Größe, 日本語 and 🙂.Text");
    assert_int_equal(make_file("/data/readme.TXT"), 0);
    assert_int_equal(fs->root->ops->list(fs->root, entry->next, entry), 1);
    assert_string_equal(entry->name, "readme.TXT");
    for (const char *bad = "*?<>|\":\\\t"; *bad != '\0'; bad++) {
        char path[20] = "/data/x_y";

        path[7] = *bad;
        assert_int_equal(make_file(path), -EINVAL);
        assert_false(is_there(path));
    }
    assert_int_equal(make_file("/data/space "), -EINVAL);
    assert_int_equal(make_file("/data/..."), -ENOENT);
    assert_int_equal(make_file("/data/\xff\xfe"), -EINVAL);
    memset(longest + 6, 'n', 255);
    assert_int_equal(make_file(longest), 0);
    longest[100] = 'N';
    assert_true(is_there(longest));
    free(entry);
    assert_int_equal(fs_unmount(fs), 0);
    assert_true(is_clean());
}

static void errors_are_those_of_vfat(void **state)
{
    struct new_node link = {.kind = FILE_SYMLINK, .permissions = 0777, .target = "x"};
    struct node_change change = {.what = CHANGE_OWNER, .owner = 1000};
    struct file_info info = {0};
    struct node *node;
    struct file *file;
    struct fs *fs, *again;
    char byte = 'x';

    (void)state;
    make_file_system("-F 12 -s 32");
    fs = mount_disk();
    assert_int_equal(fat_open(&disk.dev, false, &again), -EBUSY);
    make_dir("/data/dir");
    assert_int_equal(make_file("/data/dir/file"), 0);
    assert_int_equal(path_create(NULL, "/data/link", &link), -EPERM);
    assert_int_equal(path_link(NULL, "/data/dir/file", NULL, "/data/other", 0), -EPERM);
    assert_int_equal(path_unlink(NULL, "/data/DIR", true), -ENOTEMPTY);
    assert_int_equal(path_unlink(NULL, "/data/dir", false), -EISDIR);
    assert_int_equal(path_unlink(NULL, "/data/dir/file", true), -ENOTDIR);
    assert_int_equal(path_rename(NULL, "/data/dir", NULL, "/data/dir/below", 0), -EINVAL);
    assert_int_equal(fs_unmount(fs), 0);
    fs = mount_disk();
    assert_int_equal(path_open(NULL, "/data/dir/FILE", PATH_READ | PATH_WRITE, 0, &file), 0);
    assert_int_equal(fs_unmount(fs), -EBUSY);
    assert_int_equal(file->ops->write_at(file, &byte, 1, 0xffffffff), -EFBIG);
    assert_int_equal(file->ops->write_at(file, &byte, 1, 0xfffffffe), -ENOSPC);
    assert_int_equal(file->ops->resize(file, UINT64_C(1) << 32), -EFBIG);
    assert_int_equal(file->ops->info(file, &info), 0);
    assert_int_equal(info.size_bytes, 0);
    file_put(file);
    assert_int_equal(path_node(NULL, "/data/dir/file", 0, &node), 0);
    assert_int_equal(node_change_checked(node, &change), -EPERM);
    change = (struct node_change){.what = CHANGE_PERMISSIONS, .permissions = 0444};
    assert_int_equal(node_change_checked(node, &change), 0);
    change = (struct node_change){.what = CHANGE_MODIFIED, .modified_ns = 1700000003 * NS_PER_SEC};
    assert_int_equal(node_change_checked(node, &change), 0);
    node_put(node);
    assert_int_equal(fs_unmount(fs), 0);
    assert_int_equal(try_mount(true, &fs), 0);
    assert_int_equal(path_node(NULL, "/data/dir/file", 0, &node), 0);
    node->ops->info(node, &info);
    assert_int_equal(info.permissions, 0555);
    assert_int_equal(info.modified_ns / NS_PER_SEC, 1700000002);
    node_put(node);
    assert_int_equal(make_file("/data/new"), -EROFS);
    assert_int_equal(fs_unmount(fs), 0);
    disk.dev.features |= BLKDEV_READ_ONLY;
    assert_int_equal(fat_open(&disk.dev, false, &fs), -EACCES);
    disk.dev.features &= ~BLKDEV_READ_ONLY;
    assert_true(is_clean());
}

static void names_that_stay_are_listed_once_while_others_go(void **state)
{
    struct dir_entry *entry = calloc(1, sizeof(*entry));
    unsigned int seen = 0;
    char path[60];
    struct node *dir;
    struct fs *fs;

    (void)state;
    make_file_system("-F 32 -s 1");
    fs = mount_disk();
    make_dir("/data/many");
    for (unsigned int i = 0; i < 600; i++) {
        snprintf(path, sizeof(path), "/data/many/the file with number %03u", i);
        assert_int_equal(make_file(path), 0);
    }
    assert_int_equal(path_node(NULL, "/data/many", 0, &dir), 0);
    while (dir->ops->list(dir, entry->next, entry) == 1) {
        unsigned int i = (unsigned int)strtoul(entry->name + 21, NULL, 10);

        assert_int_equal(i, seen);
        seen++;
        snprintf(path, sizeof(path), "/data/many/%s", entry->name);
        assert_int_equal(path_unlink(NULL, path, false), 0);
    }
    assert_int_equal(seen, 600);
    node_put(dir);
    assert_int_equal(path_unlink(NULL, "/data/many", true), 0);
    free(entry);
    assert_int_equal(fs_unmount(fs), 0);
    assert_true(is_clean());
}

/* ---- Files in many pieces ---- */

#define PIECES 5000

/* Two files of one cluster each by turns: no two of a file follow each other, and there are more than are remembered. */
static void a_scattered_file_is_found_again(void **state)
{
    struct file *files[2];
    uint32_t piece[128];
    struct fs *fs;

    (void)state;
    make_file_system("-F 32 -s 1");
    fs = mount_disk();
    assert_int_equal(path_open(NULL, "/data/a", PATH_READ | PATH_WRITE | PATH_CREATE, 0644, &files[0]), 0);
    assert_int_equal(path_open(NULL, "/data/b", PATH_READ | PATH_WRITE | PATH_CREATE, 0644, &files[1]), 0);
    for (uint32_t i = 0; i < 2 * PIECES; i++) {
        for (unsigned int k = 0; k < 128; k++) {
            piece[k] = i;
        }
        assert_int_equal(files[i % 2]->ops->write(files[i % 2], piece, sizeof(piece)), sizeof(piece));
    }
    for (unsigned int round = 0; round < 2; round++) {
        for (unsigned int i = 0; i < 3000; i++) {
            uint32_t at = (uint32_t)fake_random_below(PIECES), which = (uint32_t)fake_random_below(2);

            assert_int_equal(files[which]->ops->read_at(files[which], piece, sizeof(piece), at * 512),
                             sizeof(piece));
            assert_int_equal(piece[fake_random_below(128)], at * 2 + which);
        }
        file_put(files[0]);
        file_put(files[1]);
        assert_int_equal(fs_unmount(fs), 0);
        assert_true(is_clean());
        fs = mount_disk();
        assert_int_equal(path_open(NULL, "/data/a", PATH_READ | PATH_WRITE, 0, &files[0]), 0);
        assert_int_equal(path_open(NULL, "/data/b", PATH_READ | PATH_WRITE, 0, &files[1]), 0);
    }
    assert_int_equal(files[0]->ops->resize(files[0], 700), 0);
    assert_int_equal(files[0]->ops->resize(files[0], 3000), 0);
    assert_int_equal(files[0]->ops->read_at(files[0], piece, sizeof(piece), 512), sizeof(piece));
    assert_int_equal(piece[0], 2);
    assert_int_equal(piece[127], 0);
    file_put(files[0]);
    file_put(files[1]);
    assert_int_equal(fs_unmount(fs), 0);
    assert_true(is_clean());
}

/* ---- Room ---- */

static long fill_disk(void)
{
    static char data[50000];
    struct file *file;
    long rc, all = 0;

    assert_int_equal(path_open(NULL, "/data/all", PATH_WRITE | PATH_CREATE, 0644, &file), 0);
    do {
        rc = file->ops->write(file, data, sizeof(data));
        all += rc > 0 ? rc : 0;
    } while (rc > 0);
    assert_int_equal(rc, -ENOSPC);
    file_put(file);
    return all;
}

static void a_full_disk_has_room_as_soon_as_something_goes(void **state)
{
    static const char *const full_kinds[] = {"-F 12 -s 32", "-F 32 -s 1"};

    (void)state;
    for (size_t kind = 0; kind < 2; kind++) {
        struct fs_info info = {0}, after = {0};
        struct fs *fs;
        long all;

        make_file_system(full_kinds[kind]);
        fs = mount_disk();
        fs->ops->info(fs, &info);
        all = fill_disk();
        assert_int_equal(all, info.free_blocks * info.block_bytes);
        fs->ops->info(fs, &after);
        assert_int_equal(after.free_blocks, 0);
        assert_int_equal(path_create(NULL, "/data/dir", &(struct new_node){.kind = FILE_DIRECTORY}), -ENOSPC);
        assert_int_equal(path_unlink(NULL, "/data/all", false), 0);
        assert_int_equal(fill_disk(), all);
        assert_int_equal(fs_unmount(fs), 0);
        assert_true(is_clean());
    }
}

static void a_count_of_free_clusters_that_lies_does_no_harm(void **state)
{
    struct fs *fs;
    long all;

    (void)state;
    make_file_system("-F 32 -s 1");
    memset(disk.bytes + 512 + 488, 0, 4); /* FSINFO: nothing is free */
    fs = mount_disk();
    all = fill_disk();
    assert_true(all > (long)(DISK_BYTES / 10 * 9));
    assert_int_equal(fs_unmount(fs), 0);
    assert_true(is_clean());
}

/* ---- Disks that fail ---- */

static int no_writes(struct fake_disk *d, const struct blkdev_req *req)
{
    (void)d;
    return req->op == BLKDEV_WRITE ? -EIO : 0;
}

static void a_disk_that_fails_stops_all_changes(void **state)
{
    struct file *file;
    struct fs *fs;
    char byte = 'x';

    (void)state;
    make_file_system("-F 16 -s 4");
    fs = mount_disk();
    make_dir("/data/before");
    assert_int_equal(fs_sync_all(), 0);
    assert_int_equal(path_open(NULL, "/data/file", PATH_WRITE | PATH_CREATE, 0644, &file), 0);
    disk.fault = no_writes;
    assert_int_equal(file->ops->sync(file, false), -EIO);
    disk.fault = NULL;
    assert_int_equal(file->ops->sync(file, false), -EIO);
    assert_int_equal(file->ops->write(file, &byte, 1), -EIO);
    assert_int_equal(make_file("/data/after"), -EROFS);
    assert_true(is_there("/data/before"));
    file_put(file);
    assert_int_equal(fs_unmount(fs), -EIO);
    fs = mount_disk();
    assert_true(is_there("/data/before"));
    assert_false(is_there("/data/file"));
    assert_int_equal(fs_unmount(fs), 0);
    (void)tool("fsck.fat -a");
    assert_true(is_clean());
}

static void a_damaged_directory_stops_changes_and_is_said(void **state)
{
    struct file *file;
    struct fs *fs;

    (void)state;
    make_file_system("-F 12 -s 32");
    fs = mount_disk();
    make_dir("/data/dir");
    assert_int_equal(fs_unmount(fs), 0);
    disk.bytes[(word_at(14) + 2 * word_at(22)) * 512 + 26] = 0; /* its first cluster */
    fs = mount_disk();
    assert_int_equal(path_open(NULL, "/data/file", PATH_WRITE | PATH_CREATE, 0644, &file), 0);
    assert_int_equal(make_file("/data/dir/file"), -EIO);
    assert_int_equal(make_file("/data/other"), -EROFS);
    assert_int_equal(file->ops->sync(file, false), 0);
    file_put(file);
    assert_int_equal(fs_unmount(fs), 0);
    fs = mount_disk();
    assert_true(is_there("/data/file"));
    assert_int_equal(fs_unmount(fs), 0);
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
        cmocka_unit_test(work_leaves_what_it_should),
        cmocka_unit_test(names_are_those_of_vfat),
        cmocka_unit_test(errors_are_those_of_vfat),
        cmocka_unit_test(names_that_stay_are_listed_once_while_others_go),
        cmocka_unit_test(a_scattered_file_is_found_again),
        cmocka_unit_test(a_full_disk_has_room_as_soon_as_something_goes),
        cmocka_unit_test(a_count_of_free_clusters_that_lies_does_no_harm),
        cmocka_unit_test(a_disk_that_fails_stops_all_changes),
        cmocka_unit_test(a_damaged_directory_stops_changes_and_is_said),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
