// SPDX-License-Identifier: MIT
/*
 * Claims about FAT12, FAT16 and FAT32 on a disk: it does what the file system in memory does, with the names and errors of Linux's vfat; and
 * wherever the stream of writes is cut, what was synced is there and no two files share a cluster. The judge is this machine's fsck.fat.
 */
#include "fat_fixture.h"

#include <xenolith/compiler.h>
#include <xenolith/sched.h>
#include <xenolith/time.h>

#include "unit.h"
#include "vfs_fixture.h"

#define DISK_BYTES (40u << 20)
#define NR_OPEN    5

static const char *const kinds[] = {"-F 12 -s 32", "-F 16 -s 8", "-F 32 -s 1", "-F 16 -S 4096 -s 1"};

/* ---- The same work on both ---- */

static struct {
    struct file *model, *tested;
} open_files[NR_OPEN];

static bool renames = true;

static void random_path(char *out, const char *top)
{
    static const char *const forms[] = {"/d%u", "/a-somewhat-longer-name-%u", "/größe %u.tar.gz",
                                        "/SHORT%u.TXT", "/日本語-%u"};
    unsigned int depth = 1 + (unsigned int)fake_random_below(3);

    out += sprintf(out, "%s", top);
    for (unsigned int i = 0; i < depth; i++) {
        out += sprintf(out, forms[fake_random_below(5)], (unsigned int)fake_random_below(3));
    }
}

static void two_paths(char *model, char *tested)
{
    random_path(model, "/model");
    sprintf(tested, "/data%s", model + 6);
}

static void change_both(struct file *a, struct file *b)
{
    static char data[60000], x[60000], y[60000];
    size_t bytes = 1 + (size_t)fake_random_below(fake_random_below(4) == 0 ? sizeof(data) : 3000);
    uint64_t offset = fake_random_below(fake_random_below(4) == 0 ? 300000 : 5000);
    long n;

    switch (fake_random_below(4)) {
    case 0:
        assert_int_equal(b->ops->resize(b, offset), a->ops->resize(a, offset));
        break;
    case 1:
        n = a->ops->read_at(a, x, bytes, offset);
        assert_int_equal(b->ops->read_at(b, y, bytes, offset), n);
        assert_memory_equal(x, y, (size_t)n);
        break;
    default:
        memset(data, (int)fake_random_below(256), bytes);
        assert_int_equal(a->ops->write_at(a, data, bytes, offset), bytes);
        assert_int_equal(b->ops->write_at(b, data, bytes, offset), bytes);
    }
}

static void close_both(unsigned int i)
{
    if (open_files[i].model != NULL) {
        file_put(open_files[i].model);
        file_put(open_files[i].tested);
        open_files[i].model = NULL;
    }
}

static void open_both(const char *model, const char *tested)
{
    unsigned int flags = PATH_READ | PATH_WRITE | PATH_CREATE |
                         (fake_random_below(6) == 0 ? PATH_TRUNCATE : 0);
    unsigned int i = (unsigned int)fake_random_below(NR_OPEN);
    struct file *a, *b;
    int rc = path_open(NULL, model, flags, 0644, &a);

    assert_int_equal(path_open(NULL, tested, flags, 0644, &b), rc);
    if (rc == 0) {
        close_both(i);
        open_files[i].model = a;
        open_files[i].tested = b;
        change_both(a, b);
    }
}

static void step(void)
{
    struct new_node what = {.kind = FILE_DIRECTORY, .permissions = 0755};
    unsigned int i = (unsigned int)fake_random_below(NR_OPEN);
    char a[300], b[300], a2[300], b2[300];
    bool directory = fake_random_below(2) == 0;

    two_paths(a, b);
    two_paths(a2, b2);
    switch (fake_random_below(8)) {
    case 0:
    case 1:
        assert_int_equal(path_create(NULL, b, &what), path_create(NULL, a, &what));
        break;
    case 2:
    case 3:
        assert_int_equal(path_unlink(NULL, b, directory), path_unlink(NULL, a, directory));
        break;
    case 4:
        if (renames) {
            assert_int_equal(path_rename(NULL, b, NULL, b2, 0), path_rename(NULL, a, NULL, a2, 0));
        }
        break;
    case 5:
        if (open_files[i].model != NULL) {
            change_both(open_files[i].model, open_files[i].tested);
        }
        break;
    default:
        open_both(a, b);
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

static unsigned int count_entries(struct node *dir)
{
    struct dir_entry *entry = calloc(1, sizeof(*entry));
    unsigned int nr = 0;

    while (dir->ops->list(dir, entry->next, entry) == 1) {
        nr++;
    }
    free(entry);
    return nr;
}

/* What @a has @b has, and nothing else. */
static void compare(struct node *a, struct node *b)
{
    struct file_info ia = {0}, ib = {0};
    struct dir_entry *entry;

    assert_int_equal(a->kind, b->kind);
    a->ops->info(a, &ia);
    b->ops->info(b, &ib);
    if (a->kind == FILE_REGULAR) {
        assert_int_equal(ia.size_bytes, ib.size_bytes);
        compare_bytes(a, b, ia.size_bytes);
        return;
    }
    assert_int_equal(count_entries(a), count_entries(b));
    entry = calloc(1, sizeof(*entry));
    while (b->ops->list(b, entry->next, entry) == 1) {
        struct node *ca, *cb;

        if (a->ops->lookup(a, entry->name, entry->length, &ca) != 0) {
            fail_msg("%s should not be", entry->name);
        }
        assert_int_equal(b->ops->lookup(b, entry->name, entry->length, &cb), 0);
        compare(ca, cb);
        node_put(ca);
        node_put(cb);
    }
    free(entry);
}

static void compare_trees(void)
{
    struct node *a, *b;

    assert_int_equal(path_node(NULL, "/model", 0, &a), 0);
    assert_int_equal(path_node(NULL, "/data", 0, &b), 0);
    compare(a, b);
    node_put(a);
    node_put(b);
}

static void close_all(void)
{
    for (unsigned int i = 0; i < NR_OPEN; i++) {
        close_both(i);
    }
}

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

/* ---- Power cuts ---- */

#define NR_MARKS 30

static unsigned int marks[NR_MARKS];
static unsigned char *base;

static void make_mark(unsigned int number)
{
    char path[60], text[3000];
    struct file *file;

    sprintf(path, "/data/a mark with number %u", number);
    memset(text, 'a' + (int)number % 26, sizeof(text));
    assert_int_equal(path_open(NULL, path, PATH_WRITE | PATH_CREATE, 0600, &file), 0);
    assert_int_equal(file->ops->write(file, text, sizeof(text)), sizeof(text));
    assert_int_equal(file->ops->sync(file, false), 0);
    file_put(file);
    marks[number] = disk.nr_writes;
}

static void check_marks(unsigned int cut)
{
    for (unsigned int i = 0; i < NR_MARKS; i++) {
        char path[60], text[3000], back[4000];
        struct node *node;

        if (marks[i] >= cut) { /* the flush behind its last write is not in the cut */
            continue;
        }
        sprintf(path, "/data/a mark with number %u", i);
        memset(text, 'a' + (int)i % 26, sizeof(text));
        if (path_node(NULL, path, 0, &node) != 0) {
            fail_msg("%s was synced at write %u, and is gone after a cut at %u", path, marks[i], cut);
        }
        assert_int_equal(node->ops->read(node, back, sizeof(back), 0), sizeof(text));
        assert_memory_equal(back, text, sizeof(text));
        node_put(node);
    }
}

/* What a cut may leave: clusters that nobody names, chains that are too long, parts of long names, FATs and counts that differ. */
static void judge(unsigned int cut)
{
    /* The first two a rename from one sector to another may leave: both names, and a ".." that is ahead of them. */
    static const char *const never[] = {"share", "nvalid '..'", "free cluster", "Bad ",
                                        "bad ",  "uplicate",    "does not",     "doesn't",
                                        "self",  "nexpected",   "beyond"};

    (void)tool("fsck.fat -n");
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        if (strstr(log_text, never[i]) != NULL && (!renames || i > 1)) {
            fprintf(stderr, "%s", log_text);
            fail_msg("after a cut at write %u of %u fsck.fat finds: %s", cut, disk.nr_writes, never[i]);
        }
    }
}

/* The disk after a cut behind @cut writes: of those since the last flush any may be missing. */
static void check_cut(unsigned int cut)
{
    unsigned int recorded = disk.nr_writes, epoch = disk.writes[cut - 1].epoch;
    struct fs *fs;

    memcpy(disk.bytes, base, DISK_BYTES);
    for (unsigned int i = 0; i < cut; i++) {
        const struct fake_disk_write *w = &disk.writes[i];

        if (w->epoch < epoch || fake_random_below(3) != 0) {
            fake_disk_apply(w, w->bytes / 512, disk.bytes);
        }
    }
    judge(cut);
    disk.record = false;
    fs = mount_disk();
    check_marks(cut);
    assert_int_equal(fs_unmount(fs), 0);
    disk.record = true;
    assert_int_equal(disk.nr_writes, recorded);
}

static void a_cut_anywhere_leaves_what_was_synced(void **state)
{
    (void)state;
    base = malloc(DISK_BYTES);
    for (size_t kind = 0; kind < 6; kind++) {
        struct fs *model = new_model(), *fs;

        renames = kind >= 3;
        make_file_system(kinds[kind % 3]);
        memcpy(base, disk.bytes, DISK_BYTES);
        disk.record = true;
        fs = mount_disk();
        for (unsigned int i = 0; i < NR_MARKS * 15; i++) {
            if (i % 15 == 14) {
                make_mark(i / 15);
            }
            step();
        }
        close_all();
        assert_int_equal(fs_unmount(fs), 0);
        assert_int_equal(fs_unmount(model), 0);
        for (unsigned int i = 0; i < 25; i++) {
            check_cut(1 + (unsigned int)fake_random_below(disk.nr_writes));
        }
        disk.record = false;
        fake_disk_forget(&disk, 0);
    }
    renames = true;
    free(base);
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
        cmocka_unit_test(a_full_disk_has_room_as_soon_as_something_goes),
        cmocka_unit_test(a_count_of_free_clusters_that_lies_does_no_harm),
        cmocka_unit_test(a_cut_anywhere_leaves_what_was_synced),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
