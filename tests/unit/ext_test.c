// SPDX-License-Identifier: MIT
/*
 * Claims about ext4 on a disk: it does what the file system in memory does; and wherever the stream of writes is cut, what is left is whole
 * after a replay, with all that was synced. The judge is this machine's e2fsck.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fake.h>

#include <xenolith/boot.h>
#include <xenolith/path.h>
#include <xenolith/sched.h>
#include <xenolith/wait.h>

#include "../../lib/fs/ext.h"
#include "unit.h"
#include "vfs_fixture.h"

#define DISK_BYTES (16u << 20)
#define QUEUE      256
#define MAX_WRITES 60000

/* ---- The disk: answers late, in any order, and remembers what was written in which order ---- */

struct write {
    uint64_t offset;
    uint32_t bytes;
    unsigned int epoch; /* counts flushes: what is of an older one is durable */
    unsigned char *data;
};

static unsigned char disk[DISK_BYTES], base[DISK_BYTES];
static struct write writes[MAX_WRITES];
static unsigned int nr_writes, epoch;
static struct blkdev_req *queue[QUEUE];
static unsigned int nr_queued, nr_pushed;
static bool writes_fail;
static struct wait_queue work = WAIT_QUEUE_INIT(work);

int blkdev_driver_start(void)
{
    return 0;
}

unsigned int blkdev_driver_settle(uint64_t deadline_ns)
{
    (void)deadline_ns;
    return 1;
}

static int submit(struct blkdev *dev, struct blkdev_req *req, bool more)
{
    (void)dev;
    assert_true(nr_queued < QUEUE);
    queue[nr_queued++] = req;
    /* Nothing is on its way before it is pushed. */
    nr_pushed = more ? nr_pushed : nr_queued;
    wait_wake_all(&work);
    return 0;
}

static void push(struct blkdev *dev)
{
    (void)dev;
    nr_pushed = nr_queued;
    wait_wake_all(&work);
}

static void note_write(uint64_t offset, const void *data, uint32_t bytes)
{
    struct write *w = &writes[nr_writes++];

    assert_true(nr_writes < MAX_WRITES);
    *w = (struct write){offset, bytes, epoch, malloc(bytes)};
    memcpy(w->data, data, bytes);
}

static int carry_out(struct blkdev_req *req)
{
    uint64_t at = req->offset;

    if (req->op == BLKDEV_WRITE && writes_fail) {
        return -EIO;
    }
    epoch += req->op == BLKDEV_FLUSH;
    for (unsigned int i = 0; req->op != BLKDEV_FLUSH && i < req->nr_segments;
         at += req->segments[i++].bytes) {
        if (req->op == BLKDEV_READ) {
            memcpy(req->segments[i].addr, disk + at, req->segments[i].bytes);
        } else {
            memcpy(disk + at, req->segments[i].addr, req->segments[i].bytes);
            note_write(at, req->segments[i].addr, req->segments[i].bytes);
        }
    }
    return 0;
}

static void driver(void *arg)
{
    (void)arg;
    for (;;) {
        struct blkdev_req *req;
        unsigned int i;

        wait_event(&work, nr_pushed > 0);
        i = (unsigned int)fake_random_below(nr_pushed);
        req = queue[i];
        queue[i] = queue[--nr_pushed];
        queue[nr_pushed] = queue[--nr_queued];
        req->done(req, carry_out(req));
    }
}

static const struct blkdev_ops ops = {.submit = submit, .push = push};

static struct blkdev *one_disk(void)
{
    static struct blkdev dev = {.name = "xvda",
                                .state = BLKDEV_ONLINE,
                                .size_bytes = DISK_BYTES,
                                .block_bytes = 512,
                                .features = BLKDEV_WRITE_CACHE,
                                .ops = &ops};

    return &dev;
}

static void forget_writes(void)
{
    while (nr_writes > 0) {
        free(writes[--nr_writes].data);
    }
    epoch = 0;
    memcpy(base, disk, DISK_BYTES);
}

/* ---- This machine's tools ---- */

static char image_path[] = "/tmp/ext-image-XXXXXX";

static void save(const unsigned char *bytes)
{
    int fd = open(image_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, DISK_BYTES), DISK_BYTES);
    close(fd);
}

static void load(unsigned char *bytes)
{
    int fd = open(image_path, O_RDONLY);

    assert_true(fd >= 0);
    assert_int_equal(read(fd, bytes, DISK_BYTES), DISK_BYTES);
    close(fd);
}

static int run(const char *command)
{
    char line[300];
    int status;

    snprintf(line, sizeof(line), "%s %s >/tmp/ext-test.log 2>&1", command, image_path);
    status = system(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void make_file_system(const char *options)
{
    char command[200];

    memset(disk, 0, DISK_BYTES);
    save(disk);
    snprintf(command, sizeof(command), "/sbin/mke2fs -q -F %s", options);
    assert_int_equal(run(command), 0);
    load(disk);
    forget_writes();
}

static void assert_clean(const unsigned char *bytes)
{
    save(bytes);
    if (run("/sbin/e2fsck -f -n") != 0) {
        (void)!system("cat /tmp/ext-test.log >&2");
        fail();
    }
}

/* ---- The same work on both ---- */

static struct fs *mount_disk(void)
{
    struct node *dir;
    struct fs *fs;

    assert_int_equal(ext_open(one_disk(), 0, &fs), 0);
    assert_int_equal(path_node(NULL, "/data", 0, &dir), 0);
    assert_int_equal(fs_mount(fs, dir), 0);
    node_put(dir);
    return fs;
}

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

static const char *const kinds[] = {"-t ext4", "-t ext4 -b 1024", "-t ext3", "-t ext2"};

static void work_leaves_what_it_should(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
        struct fs *model = new_model(), *fs;

        make_file_system(kinds[kind]);
        fs = mount_disk();
        for (unsigned int i = 0; i < 700; i++) {
            step();
            if (fake_random_below(60) == 0) {
                assert_int_equal(fs_sync_all(), 0);
            }
        }
        compare_trees("/model", "/data");
        assert_int_equal(fs_unmount(fs), 0);
        assert_clean(disk);
        fs = mount_disk();
        compare_trees("/model", "/data");
        assert_int_equal(fs_unmount(fs), 0);
        assert_clean(disk);
        assert_int_equal(fs_unmount(model), 0);
    }
}

/* ---- Power cuts ---- */

#define NR_MARKS 30

/* A file that was synced when the disk had seen so many writes; nobody touches it afterwards. */
static unsigned int marks[NR_MARKS];

static void make_mark(unsigned int number)
{
    char path[40], text[3000];
    struct file *file;

    sprintf(path, "/data/mark-%u", number);
    memset(text, 'a' + (int)number % 26, sizeof(text));
    assert_int_equal(path_open(NULL, path, PATH_WRITE | PATH_CREATE, 0600, &file), 0);
    assert_int_equal(file->ops->write(file, text, sizeof(text)), sizeof(text));
    assert_int_equal(file->ops->sync(file, false), 0);
    file_put(file);
    marks[number] = nr_writes;
}

static void check_marks(unsigned int cut)
{
    for (unsigned int i = 0; i < NR_MARKS; i++) {
        char path[40], text[3000], back[4000];
        struct node *node;

        if (marks[i] > cut) {
            continue;
        }
        sprintf(path, "/data/mark-%u", i);
        memset(text, 'a' + (int)i % 26, sizeof(text));
        if (path_node(NULL, path, 0, &node) != 0) {
            fail_msg("%s was synced at write %u, and is gone after a cut at %u", path, marks[i], cut);
        }
        assert_int_equal(node->ops->read(node, back, sizeof(back), 0), sizeof(text));
        assert_memory_equal(back, text, sizeof(text));
        node_put(node);
    }
}

/* The disk after a cut behind @cut writes: of those since the last flush any may be missing. */
static void cut_power(unsigned int cut, unsigned char *out)
{
    memcpy(out, base, DISK_BYTES);
    for (unsigned int i = 0; i < cut; i++) {
        const struct write *w = &writes[i];

        if (w->epoch < writes[cut - 1].epoch || fake_random_below(3) != 0) {
            memcpy(out + w->offset, w->data, w->bytes);
        }
    }
}

static void check_cut(unsigned int cut)
{
    static unsigned char image[DISK_BYTES];
    struct fs *fs;
    int status;

    cut_power(cut, image);
    save(image);
    status = run("/sbin/e2fsck -p");
    if (status != 0 && status != 1) {
        (void)!system("cat /tmp/ext-test.log >&2");
        fail_msg("e2fsck -p gives up after a cut at write %u of %u", cut, nr_writes);
    }
    load(disk);
    assert_clean(disk);
    memcpy(disk, image, DISK_BYTES);
    fs = mount_disk();
    check_marks(cut);
    assert_int_equal(fs_unmount(fs), 0);
    assert_clean(disk);
}

static void a_cut_anywhere_leaves_what_was_synced(void **state)
{
    struct fs *model = new_model(), *fs;
    unsigned int recorded;

    (void)state;
    make_file_system("-t ext4");
    fs = mount_disk();
    for (unsigned int i = 0; i < NR_MARKS * 15; i++) {
        if (i % 15 == 14) {
            make_mark(i / 15);
        }
        step();
    }
    assert_int_equal(fs_unmount(fs), 0);
    assert_int_equal(fs_unmount(model), 0);
    recorded = nr_writes;
    for (unsigned int i = 0; i < 25; i++) {
        check_cut(1 + (unsigned int)fake_random_below(recorded));
        /* What the check itself wrote does not count. */
        while (nr_writes > recorded) {
            free(writes[--nr_writes].data);
        }
    }
    forget_writes();
}

/* ---- Disks that fail, and disks that lie ---- */

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
    writes_fail = true;
    assert_int_equal(path_create(NULL, "/data/lost", &what), 0);
    assert_int_equal(fs_sync_all(), -EIO);
    writes_fail = false;
    assert_true(path_create(NULL, "/data/after", &what) < 0);
    assert_int_equal(path_node(NULL, "/data/before", 0, &node), 0);
    node_put(node);
    (void)fs_unmount(fs);
    fs = mount_disk();
    assert_int_equal(path_node(NULL, "/data/before", 0, &node), 0);
    node_put(node);
    assert_int_equal(path_node(NULL, "/data/lost", 0, &node), -ENOENT);
    assert_int_equal(fs_unmount(fs), 0);
    assert_clean(disk);
}

static void look_at(struct node *node, unsigned int depth)
{
    static char buf[20000];
    struct file_info info = {0};

    node->ops->info(node, &info);
    if (node->kind == FILE_REGULAR) {
        (void)node->ops->read(node, buf, sizeof(buf), info.size_bytes / 2);
        (void)node->ops->write(node, buf, 3000, info.size_bytes % 100000);
    } else if (node->kind == FILE_SYMLINK) {
        (void)node->ops->readlink(node, buf, 4096);
    } else if (node->kind == FILE_DIRECTORY && depth < 5) {
        struct dir_entry *entry = calloc(1, sizeof(*entry));
        unsigned int nr = 0;

        while (nr++ < 60 && node->ops->list(node, entry->next, entry) == 1) {
            struct node *child;

            if (node->ops->lookup(node, entry->name, entry->length, &child) == 0) {
                look_at(child, depth + 1);
                node_put(child);
            }
        }
        free(entry);
    }
}

static void a_disk_that_lies_does_no_harm(void **state)
{
    static unsigned char good[DISK_BYTES];
    struct fs *model = new_model(), *fs;
    struct node *dir;

    (void)state;
    make_file_system("-t ext4 -O ^metadata_csum,^uninit_bg");
    fs = mount_disk();
    for (unsigned int i = 0; i < 300; i++) {
        step();
    }
    assert_int_equal(fs_unmount(fs), 0);
    assert_int_equal(fs_unmount(model), 0);
    memcpy(good, disk, DISK_BYTES);
    for (unsigned int round = 0; round < 300; round++) {
        memcpy(disk, good, DISK_BYTES);
        for (unsigned int i = 0; i < 1 + fake_random_below(60); i++) {
            /* Where what describes files lies; the superblock less often, or nothing would be mounted. */
            disk[(i % 16 == 0 ? 1024 : 2048) + fake_random_below(i % 2 == 0 ? 2 << 20 : 300000)] =
                (unsigned char)fake_random();
        }
        if (ext_open(one_disk(), 0, &fs) != 0) {
            continue;
        }
        assert_int_equal(path_node(NULL, "/data", 0, &dir), 0);
        assert_int_equal(fs_mount(fs, dir), 0);
        node_put(dir);
        look_at(fs->root, 0);
        (void)path_unlink(NULL, "/data/d1", false);
        (void)fs_sync_all();
        (void)fs_unmount(fs);
        forget_writes();
    }
}

static void a_directory_that_lies_about_its_length_ends(void **state)
{
    struct dir_entry *entry = calloc(1, sizeof(*entry));
    unsigned int nr = 0;
    struct fs *fs;

    (void)state;
    make_file_system("-t ext4 -O ^metadata_csum");
    assert_int_equal(run("/sbin/debugfs -w -R 'set_inode_field / size 4611686018427387904'"), 0);
    load(disk);
    forget_writes();
    fs = mount_disk();
    while (fs->root->ops->list(fs->root, entry->next, entry) == 1) {
        nr++;
    }
    assert_int_equal(nr, 1); /* lost+found */
    free(entry);
    assert_int_equal(fs_unmount(fs), 0);
}

static int boot(void **state)
{
    struct thread *thread;
    struct fs *root;
    int fd = mkstemp(image_path);

    (void)state;
    close(fd);
    fake_boot(65536);
    boot_info.nr_pages = 16384;
    root = memfs_create("root", 100);
    if (fs_mount(root, NULL) != 0 || thread_create(&thread, "driver", driver, NULL, 0) != 0) {
        return 1;
    }
    thread_detach(thread);
    make_dir("/model");
    make_dir("/data");
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    return unlink(image_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_leaves_what_it_should),
        cmocka_unit_test(a_cut_anywhere_leaves_what_was_synced),
        cmocka_unit_test(a_disk_that_fails_stops_all_changes),
        cmocka_unit_test(a_directory_that_lies_about_its_length_ends),
        cmocka_unit_test(a_disk_that_lies_does_no_harm),
    };

    return cmocka_run_group_tests(tests, boot, clean_up);
}
