// SPDX-License-Identifier: MIT
/*
 * Claims about ext2, ext3 and ext4 on a disk: they do what the file system in memory does, e2fsck finds nothing in what they leave, and a disk that
 * fails stops all changes.
 */
#include "ext_fixture.h"
#include "unit.h"

#define DISK_BYTES (16u << 20)

static int fail_writes(struct fake_disk *d, const struct blkdev_req *req)
{
    (void)d;
    return req->op == BLKDEV_WRITE ? -EIO : 0;
}

/* ---- The same work on both ---- */

static void random_path(char *out, const char *top)
{
    unsigned int depth = 1 + (unsigned int)fake_random_below(3);

    out += sprintf(out, "%s", top);
    for (unsigned int i = 0; i < depth; i++) {
        unsigned int name = (unsigned int)fake_random_below(10);

        out += sprintf(out, name < 5 ? "/d%u" : "/a-somewhat-longer-name-%u", name);
    }
}

/* A path below each of the two tops. */
static void two_paths(char *model, char *tested)
{
    random_path(model, "/model");
    sprintf(tested, "/data%s", model + 6);
}

static void write_both(const char *model, const char *tested)
{
    static char data[60000];
    unsigned int flags = PATH_READ | PATH_WRITE | PATH_CREATE |
                         (fake_random_below(6) == 0 ? PATH_TRUNCATE : 0);
    struct file *a, *b;
    int rc = path_open(NULL, model, flags, 0644, &a);

    assert_int_equal(path_open(NULL, tested, flags, 0644, &b), rc);
    if (rc != 0) {
        return;
    }
    for (unsigned int i = 0; i < 1 + fake_random_below(3); i++) {
        size_t bytes = 1 + (size_t)fake_random_below(fake_random_below(4) == 0 ? sizeof(data) : 3000);
        uint64_t offset = fake_random_below(fake_random_below(4) == 0 ? 300000 : 5000);

        memset(data, (int)fake_random_below(256), bytes);
        assert_int_equal(a->ops->write_at(a, data, bytes, offset), bytes);
        assert_int_equal(b->ops->write_at(b, data, bytes, offset), bytes);
    }
    if (fake_random_below(4) == 0) {
        uint64_t bytes = fake_random_below(100000);

        assert_int_equal(a->ops->resize(a, bytes), 0);
        assert_int_equal(b->ops->resize(b, bytes), 0);
    }
    file_put(a);
    file_put(b);
}

static void step(void)
{
    char a[300], b[300], a2[300], b2[300], target[400] = "d1";
    struct new_node what = {.kind = FILE_DIRECTORY, .permissions = 0755, .target = target};
    bool directory = fake_random_below(2) == 0;

    two_paths(a, b);
    two_paths(a2, b2);
    switch (fake_random_below(8)) {
    case 0:
    case 1:
        assert_int_equal(path_create(NULL, b, &what), path_create(NULL, a, &what));
        break;
    case 2:
        what.kind = FILE_SYMLINK;
        if (directory) {
            snprintf(target, sizeof(target), "../x/%090d", 7);
        }
        assert_int_equal(path_create(NULL, b, &what), path_create(NULL, a, &what));
        break;
    case 3:
        assert_int_equal(path_unlink(NULL, b, directory), path_unlink(NULL, a, directory));
        break;
    case 4:
        assert_int_equal(path_rename(NULL, b, NULL, b2, 0), path_rename(NULL, a, NULL, a2, 0));
        break;
    case 5:
        assert_int_equal(path_link(NULL, b, NULL, b2, PATH_NOFOLLOW),
                         path_link(NULL, a, NULL, a2, PATH_NOFOLLOW));
        break;
    default:
        write_both(a, b);
        break;
    }
}

static void compare_bytes(struct node *a, struct node *b, uint64_t bytes)
{
    static char x[70000], y[70000];

    for (uint64_t at = 0; at < bytes; at += sizeof(x)) {
        long n = a->ops->read(a, x, sizeof(x), at);

        assert_int_equal(b->ops->read(b, y, sizeof(y), at), n);
        assert_memory_equal(x, y, (size_t)n);
    }
}

/* What @a has @b has. */
static void compare(struct node *a, struct node *b)
{
    struct file_info ia = {0}, ib = {0};

    assert_int_equal(a->kind, b->kind);
    a->ops->info(a, &ia);
    b->ops->info(b, &ib);
    assert_int_equal(ia.permissions, ib.permissions);
    if (a->kind == FILE_DIRECTORY) {
        struct dir_entry *entry = calloc(1, sizeof(*entry));

        while (a->ops->list(a, entry->next, entry) == 1) {
            struct node *ca, *cb;

            assert_int_equal(a->ops->lookup(a, entry->name, entry->length, &ca), 0);
            if (b->ops->lookup(b, entry->name, entry->length, &cb) != 0) {
                fail_msg("%s is missing", entry->name);
            }
            compare(ca, cb);
            node_put(ca);
            node_put(cb);
        }
        free(entry);
        return;
    }
    assert_int_equal(ia.size_bytes, ib.size_bytes);
    assert_int_equal(ia.links, ib.links);
    if (a->kind == FILE_REGULAR) {
        compare_bytes(a, b, ia.size_bytes);
    }
}

static void compare_trees(const char *model, const char *tested)
{
    struct node *a, *b;

    assert_int_equal(path_node(NULL, model, 0, &a), 0);
    assert_int_equal(path_node(NULL, tested, 0, &b), 0);
    compare(a, b);
    node_put(a);
    node_put(b);
}

static void make_dir(const char *path)
{
    static const struct new_node what = {.kind = FILE_DIRECTORY, .permissions = 0755};

    assert_int_equal(path_create(NULL, path, &what), 0);
}

/* An empty model on a file system of its own. */
static struct fs *new_model(void)
{
    struct fs *fs = memfs_create("model", 10000);
    struct node *dir;

    assert_int_equal(path_node(NULL, "/model", 0, &dir), 0);
    assert_int_equal(fs_mount(fs, dir), 0);
    node_put(dir);
    return fs;
}

static const char *const kinds[] = {"-t ext4 -b 1024", "-t ext3 -b 4096", "-t ext4 -b 2048",
                                    "-t ext2 -b 1024", "-t ext3 -b 2048"};

static void work_leaves_what_it_should(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
        struct fs *model = new_model(), *fs;

        make_file_system(kinds[kind]);
        fs = mount_disk();
        for (unsigned int i = 0; i < 3000; i++) {
            step();
            if (fake_random_below(60) == 0) {
                assert_int_equal(fs_sync_all(), 0);
            }
        }
        compare_trees("/model", "/data");
        assert_int_equal(fs_unmount(fs), 0);
        assert_true(is_clean());
        fs = mount_disk();
        compare_trees("/model", "/data");
        assert_int_equal(fs_unmount(fs), 0);
        assert_true(is_clean());
        assert_int_equal(fs_unmount(model), 0);
    }
}

/* Far enough for a block of block numbers. */
static void make_many_names(const char *top)
{
    struct new_node what = {.kind = FILE_REGULAR, .permissions = 0644};

    for (unsigned int name = 0; name < 700; name++) {
        char path[120];

        sprintf(path, "%s/%0100u", top, name);
        assert_int_equal(path_create(NULL, path, &what), 0);
    }
}

/* libext2fs has buffers of its own: what one file system leaves there must suit the other. */
static void two_sizes_of_blocks_at_once(void **state)
{
    static unsigned char bytes[DISK_BYTES];
    static struct fake_disk other;
    struct fs *small, *large;
    struct node *dir;

    (void)state;
    make_file_system("-t ext2 -N 2000 -b 1024");
    memcpy(bytes, disk.bytes, DISK_BYTES);
    fake_disk_start(&other, "xvdb", bytes, DISK_BYTES);
    assert_int_equal(ext_open(&other.dev, 0, &small), 0);
    assert_int_equal(path_node(NULL, "/model", 0, &dir), 0);
    assert_int_equal(fs_mount(small, dir), 0);
    node_put(dir);
    make_file_system("-t ext3 -N 2000 -b 2048");
    large = mount_disk();
    make_many_names("/model");
    make_many_names("/data");
    assert_int_equal(fs_unmount(large), 0);
    assert_true(is_clean());
    assert_int_equal(fs_unmount(small), 0);
    memcpy(disk.bytes, bytes, DISK_BYTES);
    assert_true(is_clean());
}

static void a_disk_that_fails_stops_all_changes(void **state)
{
    struct new_node what = {.kind = FILE_DIRECTORY, .permissions = 0755};
    struct node *node;
    struct fs *fs;

    (void)state;
    make_file_system("-t ext4");
    fs = mount_disk();
    assert_int_equal(path_create(NULL, "/data/before", &what), 0);
    assert_int_equal(fs_sync_all(), 0);
    disk.fault = fail_writes;
    assert_int_equal(path_create(NULL, "/data/lost", &what), 0);
    assert_int_equal(fs_sync_all(), -EIO);
    disk.fault = NULL;
    assert_true(path_create(NULL, "/data/after", &what) < 0);
    assert_int_equal(path_node(NULL, "/data/before", 0, &node), 0);
    node_put(node);
    (void)fs_unmount(fs);
    fs = mount_disk();
    assert_int_equal(path_node(NULL, "/data/before", 0, &node), 0);
    node_put(node);
    assert_int_equal(path_node(NULL, "/data/lost", 0, &node), -ENOENT);
    assert_int_equal(fs_unmount(fs), 0);
    assert_true(is_clean());
}

static int boot(void **state)
{
    (void)state;
    boot_with_disk(DISK_BYTES);
    make_dir("/model");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_leaves_what_it_should),
        cmocka_unit_test(two_sizes_of_blocks_at_once),
        cmocka_unit_test(a_disk_that_fails_stops_all_changes),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
