// SPDX-License-Identifier: MIT
/*
 * Claims about FAT after a power cut: wherever the stream of writes is cut, what was synced is there, and nothing is worse than what nobody names
 * or a chain that is longer than its file. The judge is this machine's fsck.fat. XENOLITH_CUTS=N plays N cuts of each kind instead of 25.
 */
#include "fat_work.h"

#include "vfs_fixture.h"

#define DISK_BYTES (40u << 20)

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
static void judge(unsigned int cut, bool strict)
{
    /* The first two a rename from one sector to another may leave: both names, and a ".." that is ahead of them. */
    static const char *const never[] = {"share", "nvalid '..'", "free cluster", "Bad ",
                                        "bad ",  "uplicate",    "does not",     "doesn't",
                                        "self",  "nexpected",   "beyond"};

    (void)tool("fsck.fat -n");
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        if (strstr(log_text, never[i]) != NULL && (strict || i > 1)) {
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
    judge(cut, !renames);
    disk.record = false;
    fs = mount_disk();
    check_marks(cut);
    assert_int_equal(fs_unmount(fs), 0);
    disk.record = true;
    assert_int_equal(disk.nr_writes, recorded);
}

static void a_cut_anywhere_leaves_what_was_synced(void **state)
{
    const char *wanted = getenv("XENOLITH_CUTS");
    unsigned long cuts = wanted != NULL ? strtoul(wanted, NULL, 0) : 25;

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
        for (unsigned long i = 0; i < cuts; i++) {
            check_cut(1 + (unsigned int)fake_random_below(disk.nr_writes));
        }
        disk.record = false;
        fake_disk_forget(&disk, 0);
    }
    renames = true;
    free(base);
}

/* ---- Memory that runs out ---- */

static void careless_step(void)
{
    static char data[5000];
    char a[300], b[300];
    struct file *file;

    two_paths(a, b);
    random_path(a, "/data");
    switch (fake_random_below(6)) {
    case 0:
        (void)path_create(NULL, b, &(struct new_node){.kind = FILE_DIRECTORY, .permissions = 0755});
        break;
    case 1:
        (void)path_unlink(NULL, b, fake_random_below(2) == 0);
        break;
    case 2:
    case 3:
        (void)path_rename(NULL, b, NULL, a, 0);
        break;
    default:
        if (path_open(NULL, b, PATH_WRITE | PATH_CREATE, 0644, &file) == 0) {
            (void)file->ops->write_at(file, data, sizeof(data), fake_random_below(20000));
            (void)(fake_random_below(4) == 0 ? file->ops->resize(file, fake_random_below(9000)) : 0);
            (void)(fake_random_below(9) == 0 ? file->ops->sync(file, false) : 0);
            file_put(file);
        }
    }
}

static void no_memory_leaves_no_half_a_change(void **state)
{
    unsigned int fired = 0;

    (void)state;
    for (unsigned int round = 0; round < 40; round++) {
        struct fs *fs;

        make_file_system(kinds[round % 3]);
        fs = mount_disk();
        for (unsigned int i = 0; i < 300; i++) {
            if (fake_random_below(3) == 0) {
                cache_forget(cache_of(&disk.dev));
                fake_fail_after(1 + (unsigned int)fake_random_below(20));
            }
            careless_step();
            fired += fake_fail_fired();
            fake_fail_after(0);
        }
        (void)fs_unmount(fs);
        judge(0, true);
    }
    assert_true(fired > 100);
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
        cmocka_unit_test(a_cut_anywhere_leaves_what_was_synced),
        cmocka_unit_test(no_memory_leaves_no_half_a_change),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
