// SPDX-License-Identifier: MIT
/*
 * Claims about several threads in one file system whose every call may wait for the disk: what two of them do at once comes out as if one had
 * been first. The disk answers late and in any order; e2fsck is the judge of what is left.
 */
#include "ext_fixture.h"
#include "unit.h"

#include <xenolith/fs.h>
#include <xenolith/sched.h>

#define DISK_BYTES (8u << 20)
#define RECORDS    150
#define RECORD     100

static bool busy; /* somebody keeps the file system's lock in demand */

static int boot(void **state)
{
    (void)state;
    boot_with_disk(DISK_BYTES);
    return 0;
}

static int empty_disk(void **state)
{
    (void)state;
    make_file_system("-t ext4 -b 1024");
    return 0;
}

static struct file *must_open(const char *path, unsigned int flags)
{
    struct file *file;

    assert_int_equal(path_open(NULL, path, flags, 0644, &file), 0);
    return file;
}

static void must_make_dir(const char *path)
{
    static const struct new_node what = {.kind = FILE_DIRECTORY, .permissions = 0755};

    assert_int_equal(path_create(NULL, path, &what), 0);
}

static struct thread *start(void (*fn)(void *arg), void *arg)
{
    struct thread *t;

    assert_int_equal(thread_create(&t, "racer", fn, arg, 0), 0);
    return t;
}

static void unmount_clean(struct fs *fs)
{
    assert_int_equal(fs_unmount(fs), 0);
    assert_true(is_clean());
}

/* Commits without end: whoever else wants the lock waits for the disk too. */
static void keep_busy(void *unused)
{
    struct file *file = must_open("/data/busy", PATH_CREATE | PATH_WRITE);

    (void)unused;
    for (unsigned int i = 0; busy; i++) {
        assert_int_equal(file->ops->write_at(file, &i, sizeof(i), i % 4000 * 64), sizeof(i));
        assert_int_equal(file->ops->sync(file, false), 0);
        thread_yield();
    }
    file_put(file);
}

/* ---- Writers ---- */

struct writer {
    struct file *file;
    char letter;
    struct thread *thread;
};

static void write_records(void *arg)
{
    struct writer *w = arg;
    char record[RECORD];

    memset(record, w->letter, sizeof(record));
    for (unsigned int i = 0; i < RECORDS; i++) {
        assert_int_equal(w->file->ops->write(w->file, record, sizeof(record)), sizeof(record));
        if (i % 16 == 0) {
            assert_int_equal(w->file->ops->sync(w->file, false), 0);
        }
    }
}

/* Every record of every writer is there, whole. */
static void check_records(unsigned int nr_writers)
{
    struct file *file = must_open("/data/log", PATH_READ);
    unsigned int count[26] = {0};
    char record[RECORD];

    for (unsigned int i = 0; i < nr_writers * RECORDS; i++) {
        assert_int_equal(file->ops->read(file, record, sizeof(record)), sizeof(record));
        for (unsigned int j = 1; j < RECORD; j++) {
            assert_int_equal(record[j], record[0]);
        }
        count[record[0] - 'a']++;
    }
    assert_int_equal(file->ops->read(file, record, sizeof(record)), 0);
    for (unsigned int i = 0; i < nr_writers; i++) {
        assert_int_equal(count[i], RECORDS);
    }
    file_put(file);
}

static void run_writers(bool appending)
{
    struct fs *fs = mount_disk();
    struct file *shared = must_open("/data/log", PATH_CREATE | PATH_WRITE);
    struct writer writers[3];

    for (unsigned int i = 0; i < 3; i++) {
        writers[i].letter = (char)('a' + i);
        writers[i].file = shared;
        if (appending) {
            writers[i].file = must_open("/data/log", PATH_WRITE | PATH_APPEND);
        }
        writers[i].thread = start(write_records, &writers[i]);
    }
    for (unsigned int i = 0; i < 3; i++) {
        assert_int_equal(thread_join(writers[i].thread), 0);
        if (appending) {
            file_put(writers[i].file);
        }
    }
    file_put(shared);
    check_records(3);
    unmount_clean(fs);
}

static void appending_writes_never_overwrite_each_other(void **state)
{
    (void)state;
    run_writers(true);
}

static void writers_of_one_open_file_share_its_position(void **state)
{
    (void)state;
    run_writers(false);
}

/* ---- Names ---- */

struct mover {
    const char *from, *to;
    int rc;
};

static void move(void *arg)
{
    struct mover *m = arg;

    m->rc = path_rename(NULL, m->from, NULL, m->to, 0);
}

static void two_renames_never_make_a_loop(void **state)
{
    struct fs *fs = mount_disk();
    struct thread *other;

    (void)state;
    busy = true;
    other = start(keep_busy, NULL);
    for (unsigned int i = 0; i < 40; i++) {
        struct mover one = {"/data/a", "/data/b/c/x", 1}, two = {"/data/b", "/data/a/d/y", 1};
        struct thread *t1, *t2;

        must_make_dir("/data/a");
        must_make_dir("/data/a/d");
        must_make_dir("/data/b");
        must_make_dir("/data/b/c");
        t1 = start(move, &one);
        t2 = start(move, &two);
        assert_int_equal(thread_join(t1), 0);
        assert_int_equal(thread_join(t2), 0);
        assert_int_equal((one.rc == 0) + (two.rc == 0), 1);
        if (one.rc == 0) {
            assert_int_equal(path_unlink(NULL, "/data/b/c/x/d", true), 0);
            assert_int_equal(path_unlink(NULL, "/data/b/c/x", true), 0);
            assert_int_equal(path_unlink(NULL, "/data/b/c", true), 0);
            assert_int_equal(path_unlink(NULL, "/data/b", true), 0);
        } else {
            assert_int_equal(path_unlink(NULL, "/data/a/d/y/c", true), 0);
            assert_int_equal(path_unlink(NULL, "/data/a/d/y", true), 0);
            assert_int_equal(path_unlink(NULL, "/data/a/d", true), 0);
            assert_int_equal(path_unlink(NULL, "/data/a", true), 0);
        }
    }
    busy = false;
    assert_int_equal(thread_join(other), 0);
    unmount_clean(fs);
}

/* The parent's inode is free by then, and may be another file's. */
static void a_removed_directory_leads_nowhere(void **state)
{
    struct fs *fs = mount_disk();
    struct node *inner, *found;

    (void)state;
    must_make_dir("/data/outer");
    must_make_dir("/data/outer/inner");
    assert_int_equal(path_node(NULL, "/data/outer/inner", 0, &inner), 0);
    assert_int_equal(path_unlink(NULL, "/data/outer/inner", true), 0);
    assert_int_equal(path_unlink(NULL, "/data/outer", true), 0);
    assert_int_equal(fs_sync_all(), 0);
    assert_int_equal(path_node(inner, "..", 0, &found), -ENOENT);
    assert_int_equal(path_node(inner, "file", 0, &found), -ENOENT);
    node_put(inner);
    unmount_clean(fs);
}

/* Linux says 1 of a directory with more subdirectories than it can count (dir_nlink). */
static void a_directory_that_does_not_count_its_links_stays(void **state)
{
    struct fs *fs = mount_disk();
    struct node *node;

    (void)state;
    must_make_dir("/data/many");
    must_make_dir("/data/many/one");
    must_make_dir("/data/many/two");
    assert_int_equal(fs_unmount(fs), 0);
    assert_int_equal(tool("/sbin/debugfs -w -R 'set_inode_field /many links_count 1' %s"), 0);
    fs = mount_disk();
    assert_int_equal(path_unlink(NULL, "/data/many/one", true), 0);
    must_make_dir("/data/many/three");
    assert_int_equal(path_unlink(NULL, "/data/many/three", true), 0);
    assert_int_equal(fs_sync_all(), 0);
    assert_int_equal(path_node(NULL, "/data/many/two", 0, &node), 0);
    node_put(node);
    must_make_dir("/data/many/four");
    assert_int_equal(fs_unmount(fs), 0);
    fs = mount_disk();
    assert_int_equal(path_node(NULL, "/data/many/two", 0, &node), 0);
    node_put(node);
    assert_int_equal(path_node(NULL, "/data/many/four", 0, &node), 0);
    node_put(node);
    assert_int_equal(fs_unmount(fs), 0);
}

/* ---- Mounts ---- */

static struct fs *the_fs;
static int unmounted, synced;

static void sync_all(void *unused)
{
    (void)unused;
    synced = fs_sync_all();
}

static void unmount(void *unused)
{
    (void)unused;
    unmounted = fs_unmount(the_fs);
}

static void use_it(void *unused)
{
    struct node *node;

    (void)unused;
    if (path_node(NULL, "/data/f", 0, &node) == 0) {
        for (unsigned int i = 0; unmounted == 1 && i < 1000; i++) {
            thread_yield();
        }
        node_put(node);
    }
}

/* Who comes while it waits for others finds it in use, or finds it gone. */
static void unmounting_while_others_come(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 30; i++) {
        struct thread *threads[3];

        the_fs = mount_disk();
        file_put(must_open("/data/f", PATH_CREATE | PATH_WRITE));
        synced = unmounted = 1;
        threads[0] = start(sync_all, NULL);
        threads[1] = start(unmount, NULL);
        threads[2] = start(use_it, NULL);
        for (unsigned int j = 0; j < 3; j++) {
            assert_int_equal(thread_join(threads[j]), 0);
        }
        assert_int_equal(synced, 0);
        if (unmounted != 0) {
            assert_int_equal(unmounted, -EBUSY);
            assert_int_equal(fs_unmount(the_fs), 0);
        }
    }
    assert_true(is_clean());
}

/* ---- The end ---- */

static struct file *nameless;

static void finish(void *unused)
{
    (void)unused;
    assert_int_equal(the_fs->ops->finish(the_fs), 0);
}

static void close_it(void *unused)
{
    (void)unused;
    thread_yield();
    file_put(nameless);
}

static void a_nameless_file_is_closed_at_the_end(void **state)
{
    static char bytes[50000];

    (void)state;
    for (unsigned int i = 0; i < 10; i++) {
        struct thread *threads[2];

        the_fs = mount_disk();
        nameless = must_open("/data/nameless", PATH_CREATE | PATH_WRITE);
        assert_int_equal(nameless->ops->write_at(nameless, bytes, sizeof(bytes), i * 300000), sizeof(bytes));
        assert_int_equal(path_unlink(NULL, "/data/nameless", false), 0);
        assert_int_equal(fs_sync_all(), 0);
        cache_forget(cache_of(&disk.dev));
        threads[0] = start(finish, NULL);
        threads[1] = start(close_it, NULL);
        assert_int_equal(thread_join(threads[0]), 0);
        assert_int_equal(thread_join(threads[1]), 0);
        unmount_clean(the_fs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(appending_writes_never_overwrite_each_other, empty_disk),
        cmocka_unit_test_setup(writers_of_one_open_file_share_its_position, empty_disk),
        cmocka_unit_test_setup(two_renames_never_make_a_loop, empty_disk),
        cmocka_unit_test_setup(a_removed_directory_leads_nowhere, empty_disk),
        cmocka_unit_test_setup(a_directory_that_does_not_count_its_links_stays, empty_disk),
        cmocka_unit_test_setup(unmounting_while_others_come, empty_disk),
        cmocka_unit_test_setup(a_nameless_file_is_closed_at_the_end, empty_disk),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
