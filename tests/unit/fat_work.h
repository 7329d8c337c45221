// SPDX-License-Identifier: MIT
/*
 * Random work below /model, in memory, and /data, on a disk: both must answer alike. Included by one file of a program.
 */
#ifndef FAT_WORK_H
#define FAT_WORK_H

#include "fat_fixture.h"
#include "unit.h"

#define NR_OPEN 5

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

static inline void compare_trees(void)
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

#endif
