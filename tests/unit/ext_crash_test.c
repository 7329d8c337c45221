// SPDX-License-Identifier: MIT
/*
 * Claims about a power cut. The stream of writes of a varied piece of work is recorded, and cut behind each of its writes: as it stands, within
 * the write, with only the last write since the flush, with some of them, each torn anywhere between two sectors. What is left is
 * mounted. Then there must be exactly what the last commit left that was answered before the cut, or the one under way: names, kinds,
 * sizes, counts of links, and bytes (but for those that were written since). And e2fsck must find nothing. Cuts during the replay too.
 *
 * e2fsck is asked about each outcome once: most cuts leave the same blocks in use with the same contents. What it does not look at (free blocks,
 * those of the empty journal) does not tell two outcomes apart.
 */
#include "ext_fixture.h"
#include "unit.h"

#define DISK_BYTES (3u << 20)
#define BLOCK      1024u
#define STEPS      260
#define MAX_STATES 160
#define MAX_FILE   40000u
#define SECTOR     512u

/* ---- What a mounted file system holds ---- */

struct entry {
    char path[120];
    enum file_kind kind;
    unsigned int links;
    uint64_t size, serial;
    unsigned char *bytes;
};

struct tree {
    struct entry *entries;
    unsigned int nr, room;
};

/* A file that was changed after a commit: what bytes it may show besides, if the next commit does not come. */
struct changed {
    uint64_t serial;
    bool bytes[256];
};

/**
 * struct state - What a commit left. Its writes begin at @from of the stream; those from @durable on follow the flush behind its commit
 * block. @changed: since then.
 */
struct state {
    unsigned int from, durable;
    struct tree tree;
    struct changed changed[40];
    unsigned int nr_changed;
};

static struct state states[MAX_STATES];
static unsigned int nr_states;

static void free_tree(struct tree *t)
{
    for (unsigned int i = 0; i < t->nr; i++) {
        free(t->entries[i].bytes);
    }
    free(t->entries);
    *t = (struct tree){0};
}

static struct entry *new_entry(struct tree *t)
{
    if (t->nr == t->room) {
        t->room = t->room * 2 + 64;
        t->entries = realloc(t->entries, t->room * sizeof(*t->entries));
    }
    t->entries[t->nr] = (struct entry){.size = 0};
    return &t->entries[t->nr++];
}

static void take_tree(struct tree *t, struct node *node, const char *path)
{
    struct file_info info = {0};
    struct entry *e = new_entry(t);

    node->ops->info(node, &info);
    snprintf(e->path, sizeof(e->path), "%s", path);
    e->kind = info.kind;
    e->links = info.links;
    e->serial = info.serial;
    if (node->kind == FILE_DIRECTORY) {
        struct dir_entry *d = calloc(1, sizeof(*d));
        char below[400];

        while (node->ops->list(node, d->next, d) == 1) {
            struct node *child;

            snprintf(below, sizeof(below), "%s/%s", path, d->name);
            assert_int_equal(node->ops->lookup(node, d->name, d->length, &child), 0);
            take_tree(t, child, below);
            node_put(child);
        }
        free(d);
        return;
    }
    e->size = info.size_bytes;
    assert_true(e->size <= MAX_FILE);
    e->bytes = calloc(1, e->size + 1);
    if (node->kind == FILE_REGULAR) {
        assert_int_equal(node->ops->read(node, e->bytes, e->size, 0), e->size);
    } else {
        assert_int_equal(node->ops->readlink(node, (char *)e->bytes, e->size), e->size);
    }
}

static struct changed *find_changed(struct state *s, uint64_t serial)
{
    for (unsigned int i = 0; i < s->nr_changed; i++) {
        if (s->changed[i].serial == serial) {
            return &s->changed[i];
        }
    }
    return NULL;
}

static bool same_bytes(struct state *s, const struct entry *want, const struct entry *got)
{
    struct changed *c = find_changed(s, want->serial);

    if (want->bytes == NULL || memcmp(want->bytes, got->bytes, want->size) == 0) {
        return true;
    }
    for (uint64_t i = 0; c != NULL && i < want->size; i++) {
        if (want->bytes[i] != got->bytes[i] && !c->bytes[got->bytes[i]]) {
            return false;
        }
    }
    return c != NULL;
}

/* The path of the first difference; NULL: none. */
static const char *difference(struct state *s, const struct tree *got)
{
    for (unsigned int i = 0; i < s->tree.nr; i++) {
        const struct entry *a = &s->tree.entries[i], *b = &got->entries[i];

        if (i >= got->nr || strcmp(a->path, b->path) != 0 || a->kind != b->kind || a->links != b->links ||
            a->serial != b->serial || a->size != b->size || !same_bytes(s, a, b)) {
            return a->path;
        }
    }
    return got->nr > s->tree.nr ? got->entries[s->tree.nr].path : NULL;
}

/* ---- The work ---- */

static void find_durable(struct state *s)
{
    s->durable = s->from;
    while (s->durable < disk.nr_writes && disk.writes[s->durable].epoch < disk.writes[s->from].epoch + 2) {
        s->durable++;
    }
}

static void note_commit(struct fs *fs, unsigned int from)
{
    struct state *s = &states[nr_states++];

    assert_true(nr_states < MAX_STATES);
    *s = (struct state){.from = from};
    find_durable(s);
    take_tree(&s->tree, fs->root, "");
}

static void note_change(struct node *node, unsigned char fill)
{
    struct state *s = &states[nr_states - 1];
    struct file_info info = {0};
    struct changed *c;

    node->ops->info(node, &info);
    c = find_changed(s, info.serial);
    if (c == NULL) {
        assert_true(s->nr_changed < sizeof(s->changed) / sizeof(s->changed[0]));
        c = &s->changed[s->nr_changed++];
        *c = (struct changed){.serial = info.serial, .bytes = {[0] = true}};
    }
    c->bytes[fill] = true;
}

static void a_path(char *out, bool directory)
{
    unsigned int dir = (unsigned int)fake_random_below(4);

    out += sprintf(out, "/data");
    out += dir > 0 ? sprintf(out, "/dir-%u", dir) : 0;
    if (!directory) {
        sprintf(out, "/file-%u", (unsigned int)fake_random_below(8));
    } else if (dir == 0 || fake_random_below(3) == 0) {
        sprintf(out, "/dir-%u", 1 + (unsigned int)fake_random_below(3));
    }
}

static void change_file(const char *path)
{
    static unsigned char data[12000], fill;
    struct file *file;
    size_t bytes = 1 + (size_t)fake_random_below(fake_random_below(3) == 0 ? sizeof(data) : 1500);
    uint64_t at = fake_random_below(fake_random_below(3) == 0 ? MAX_FILE - sizeof(data) : 2000);

    if (path_open(NULL, path, PATH_WRITE, 0, &file) != 0) {
        return;
    }
    fill = (unsigned char)(fill % 255 + 1);
    note_change(file_node(file), fill);
    if (fake_random_below(4) == 0) {
        assert_int_equal(file->ops->resize(file, at), 0);
    } else {
        memset(data, fill, bytes);
        assert_int_equal(file->ops->write_at(file, data, bytes, at), bytes);
    }
    file_put(file);
}

static void create_file(const char *path)
{
    struct file *file;

    if (path_open(NULL, path, PATH_WRITE | PATH_CREATE, 0600, &file) == 0) {
        file_put(file);
    }
}

static void sync_file(const char *path)
{
    struct file *file;

    if (path_open(NULL, path, PATH_READ, 0, &file) == 0) {
        assert_int_equal(file->ops->sync(file, false), 0);
        file_put(file);
    }
}

/* Files and directories that are in use and lose their names; who cuts the power then leaves them to the next mount. */
static struct node *held[5];

static void hold(const char *path, bool directory)
{
    struct node **slot = &held[fake_random_below(5)];

    node_put(*slot);
    *slot = NULL;
    if (path_node(NULL, path, PATH_NOFOLLOW, slot) != 0) {
        *slot = NULL;
        return;
    }
    (void)path_unlink(NULL, path, directory);
}

static void let_go(void)
{
    for (unsigned int i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
        node_put(held[i]);
        held[i] = NULL;
    }
}

/* Names enough for several blocks of a directory, and of the table of inodes. */
static void fill_directory(unsigned int step)
{
    char path[120];

    snprintf(path, sizeof(path), "/data/dir-1/%s-%03u", "a-name-that-takes-much-room-in-a-directory", step);
    create_file(path);
}

static void one_step(unsigned int step)
{
    struct new_node what = {.kind = FILE_DIRECTORY, .permissions = 0755, .target = "dir-1/file-1"};
    char a[60], b[60];
    bool directory = fake_random_below(4) == 0;

    a_path(a, directory);
    a_path(b, directory);
    switch (fake_random_below(15)) {
    case 0:
        (void)path_rename(NULL, a, NULL, b, 0);
        break;
    case 1:
        (void)path_unlink(NULL, a, directory);
        break;
    case 2:
        (void)path_link(NULL, a, NULL, b, PATH_NOFOLLOW);
        break;
    case 3:
        a_path(a, true);
        (void)path_create(NULL, a, &what);
        break;
    case 4:
        what.kind = FILE_SYMLINK;
        (void)path_create(NULL, b, &what);
        break;
    case 5:
        sync_file(a);
        break;
    case 6:
        fill_directory(step);
        break;
    case 7:
        hold(a, directory);
        break;
    case 8:
    case 9:
        create_file(a);
        break;
    default:
        change_file(a);
        break;
    }
}

static unsigned char start[DISK_BYTES]; /* what the disk held before the first write of the stream */

/* Each commit is noticed: it flushes several times. fsync() of what needs none flushes once. */
static void do_the_work(const char *options)
{
    struct fs *fs;

    make_file_system(options);
    fs = mount_disk();
    assert_int_equal(fs_sync_all(), 0);
    memcpy(start, disk.bytes, DISK_BYTES);
    disk.record = true;
    note_commit(fs, 0);
    for (unsigned int i = 0; i < STEPS; i++) {
        unsigned int epoch = disk.epoch, from = disk.nr_writes;

        if (i % 9 == 8) {
            assert_int_equal(fs_sync_all(), 0);
        } else {
            one_step(i);
        }
        if (disk.epoch > epoch + 1) {
            note_commit(fs, from);
        }
    }
    let_go();
    note_commit(fs, disk.nr_writes);
    assert_int_equal(fs_unmount(fs), 0);
    find_durable(&states[nr_states - 1]);
    disk.record = false;
}

/* ---- What is left after a cut ---- */

static unsigned char flushed[DISK_BYTES]; /* as at the last flush before the cut */
static unsigned char image[DISK_BYTES];
static bool masked[DISK_BYTES / BLOCK]; /* the journal but for its superblock */

static unsigned int checked, nr_outcomes;
static uint64_t outcomes[4096];

/* debugfs says "513 514 ...". */
static void find_journal(void)
{
    char text[40000] = "", *at = text;
    ssize_t n;

    memset(masked, 0, sizeof(masked));
    assert_int_equal(tool("/sbin/debugfs -R 'blocks <8>' %s 2>/dev/null | cat"), 0);
    n = pread(log_fd, text, sizeof(text) - 1, 0);
    assert_true(n > 0);
    (void)strtoul(at, &at, 10);
    for (unsigned long block = strtoul(at, &at, 10); block > 0; block = strtoul(at, &at, 10)) {
        assert_true(block < DISK_BYTES / BLOCK);
        masked[block] = true;
    }
}

/* One group: its bitmap of blocks is named by the first word behind the superblock. */
static bool in_use(unsigned int block)
{
    uint32_t bitmap;

    if (block < 1) {
        return false;
    }
    memcpy(&bitmap, disk.bytes + 2 * (size_t)BLOCK, sizeof(bitmap));
    return (disk.bytes[bitmap * (size_t)BLOCK + (block - 1) / 8] >> ((block - 1) % 8) & 1) != 0;
}

static uint64_t outcome(void)
{
    uint64_t hash = 14695981039346656037u;

    for (unsigned int block = 0; block < DISK_BYTES / BLOCK; block++) {
        const unsigned char *from = disk.bytes + block * (size_t)BLOCK;

        for (size_t i = 0; !masked[block] && in_use(block) && i < BLOCK; i += 8) {
            uint64_t word;

            memcpy(&word, from + i, 8);
            hash = (hash ^ word ^ block) * 1099511628211u;
            hash ^= hash >> 29;
        }
    }
    return hash;
}

static void judge(const char *what, unsigned int cut)
{
    uint64_t hash = outcome();

    for (unsigned int i = 0; i < nr_outcomes; i++) {
        if (outcomes[i] == hash) {
            return;
        }
    }
    assert_true(nr_outcomes < sizeof(outcomes) / sizeof(outcomes[0]));
    outcomes[nr_outcomes++] = hash;
    if (!is_clean()) {
        fail_msg("e2fsck after a cut at write %u (%s)", cut, what);
    }
}

/* Mounts what is left; it must be state @least, or, where a commit was under way, the next one. */
static void check_image(const char *what, unsigned int cut, unsigned int least, unsigned int most)
{
    struct tree got = {0};
    const char *first, *second = NULL;
    struct fs *fs;
    int rc;

    memcpy(disk.bytes, image, DISK_BYTES);
    rc = try_mount(&fs);
    if (rc != 0) {
        fail_msg("a cut at write %u (%s): it cannot be mounted: %d", cut, what, rc);
    }
    take_tree(&got, fs->root, "");
    first = difference(&states[least], &got);
    second = most == least || first == NULL ? first : difference(&states[most], &got);
    if (second != NULL) {
        fail_msg("a cut at write %u (%s), commits %u to %u: %s and %s differ", cut, what, least, most, first,
                 second);
    }
    free_tree(&got);
    assert_int_equal(fs_unmount(fs), 0);
    judge(what, cut);
    checked++;
}

/* The commits that may have been the last ones when @cut writes had been sent, and those before @first had been flushed. */
static unsigned int last_commit(unsigned int first, unsigned int cut, unsigned int *most)
{
    unsigned int least = 0;

    while (least + 1 < nr_states && states[least + 1].durable <= first) {
        least++;
    }
    *most = least + 1 < nr_states && states[least + 1].from < cut ? least + 1 : least;
    return least;
}

static uint32_t sectors_of(const struct fake_disk_write *w)
{
    return w->bytes / SECTOR;
}

static void some_of(const struct fake_disk_write *writes, unsigned int first, unsigned int end)
{
    memcpy(image, flushed, DISK_BYTES);
    for (unsigned int i = first; i < end; i++) {
        uint64_t fate = fake_random_below(3);

        if (fate > 0) {
            fake_disk_apply(&writes[i],
                            fate == 1 ? UINT32_MAX / SECTOR
                                      : (uint32_t)fake_random_below(sectors_of(&writes[i]) + 1),
                            image);
        }
    }
}

/* All ways to cut behind write @cut - 1 of @writes; the writes from @first on may be lost. */
static void cut_at(const struct fake_disk_write *writes, unsigned int first, unsigned int cut,
                   const unsigned char *before, unsigned int least, unsigned int most)
{
    const struct fake_disk_write *last = &writes[cut - 1];

    /* Within the last write. */
    for (uint32_t sectors = 1; sectors < sectors_of(last); sectors++) {
        memcpy(image, before, DISK_BYTES);
        fake_disk_apply(last, sectors, image);
        check_image("torn", cut, least, most);
    }
    if (cut - first > 1) {
        memcpy(image, flushed, DISK_BYTES);
        fake_disk_apply(last, UINT32_MAX / SECTOR, image);
        check_image("only the last", cut, least, most);
        some_of(writes, first, cut);
        check_image("some", cut, least, most);
    }
    memcpy(image, before, DISK_BYTES);
    fake_disk_apply(last, UINT32_MAX / SECTOR, image);
    check_image("all", cut, least, most);
}

static void cut_everywhere(const struct fake_disk_write *writes, unsigned int nr, const unsigned char *base,
                           const unsigned int *fixed)
{
    static unsigned char before[DISK_BYTES];
    unsigned int first = 0;

    memcpy(before, base, DISK_BYTES);
    memcpy(flushed, base, DISK_BYTES);
    for (unsigned int cut = 1; cut <= nr; cut++) {
        unsigned int most, least;

        if (cut > 1 && writes[cut - 1].epoch != writes[cut - 2].epoch) {
            memcpy(flushed, before, DISK_BYTES);
            first = cut - 1;
        }
        if (fixed != NULL) {
            least = fixed[0];
            most = fixed[1];
        } else {
            least = last_commit(first, cut, &most);
        }
        cut_at(writes, first, cut, before, least, most);
        fake_disk_apply(&writes[cut - 1], UINT32_MAX / SECTOR, before);
    }
}

/* ---- The claims ---- */

/* The stream of writes so far, out of the disk's hands. */
struct stream {
    struct fake_disk_write *writes;
    unsigned int nr;
};

static struct stream take_stream(void)
{
    struct stream s = {disk.writes, disk.nr_writes};

    disk.writes = NULL;
    disk.nr_writes = disk.room = disk.epoch = 0;
    return s;
}

static void free_stream(struct stream *s)
{
    for (unsigned int i = 0; i < s->nr; i++) {
        free(s->writes[i].data);
    }
    free(s->writes);
}

/* The commit block of state @number is on the disk, and nothing behind it. */
static void image_at_commit(const struct stream *s, unsigned int number, unsigned char *out)
{
    unsigned int epoch = s->writes[states[number].from].epoch;

    memcpy(out, start, DISK_BYTES);
    for (unsigned int i = 0; i < s->nr && s->writes[i].epoch <= epoch + 1; i++) {
        fake_disk_apply(&s->writes[i], UINT32_MAX / SECTOR, out);
    }
}

static void cut_the_replay(const struct stream *work, unsigned int number)
{
    static unsigned char base[DISK_BYTES];
    const unsigned int fixed[2] = {number, number};
    struct stream s;
    struct fs *fs;

    image_at_commit(work, number, base);
    memcpy(disk.bytes, base, DISK_BYTES);
    disk.record = true;
    fs = mount_disk();
    assert_int_equal(fs_unmount(fs), 0);
    disk.record = false;
    s = take_stream();
    assert_true(s.nr > 4);
    cut_everywhere(s.writes, s.nr, base, fixed);
    free_stream(&s);
}

static void cuts_leave_the_last_commit(const char *options)
{
    struct stream work;
    unsigned int during_work;

    nr_states = nr_outcomes = checked = 0;
    do_the_work(options);
    work = take_stream();
    find_journal();
    cut_everywhere(work.writes, work.nr, start, NULL);
    during_work = checked;
    for (unsigned int i = 1, next = 1; i + 1 < nr_states; i++) {
        /* Not one that wrote files' bytes alone, or nothing. */
        if (i >= next && states[i].durable - states[i].from > 3) {
            cut_the_replay(&work, i);
            next = i + nr_states / 6;
        }
    }
    print_message("%s: %u writes, %u commits; cut %u times, and %u times in replays; %u outcomes\n", options,
                  work.nr, nr_states, during_work, checked - during_work, nr_outcomes);
    for (unsigned int i = 0; i < nr_states; i++) {
        free_tree(&states[i].tree);
    }
    free_stream(&work);
}

static void a_cut_anywhere_leaves_the_last_commit_of_ext4(void **state)
{
    (void)state;
    cuts_leave_the_last_commit("-t ext4 -b 1024 -N 300 -J size=1");
}

static void a_cut_anywhere_leaves_the_last_commit_of_ext3(void **state)
{
    (void)state;
    cuts_leave_the_last_commit("-t ext3 -b 1024 -N 300 -J size=1");
}

static uint64_t free_blocks(struct fs *fs)
{
    struct fs_info info;

    fs->ops->info(fs, &info);
    return info.free_blocks;
}

static void a_file_without_a_name_is_freed_by_the_next_mount(void **state)
{
    static const char text[30000] = "somebody still reads this";
    struct fs *fs;
    struct file *file;
    uint64_t before;

    (void)state;
    make_file_system("-t ext4 -b 1024 -J size=1");
    fs = mount_disk();
    before = free_blocks(fs);
    for (unsigned int i = 0; i < 3; i++) {
        char path[20];

        sprintf(path, "/data/file-%u", i);
        assert_int_equal(path_open(NULL, path, PATH_WRITE | PATH_CREATE, 0600, &file), 0);
        assert_int_equal(file->ops->write(file, text, sizeof(text)), sizeof(text));
        file_put(file);
        assert_int_equal(fs_sync_all(), 0);
        hold(path, false);
    }
    assert_int_equal(fs_sync_all(), 0);
    /* The power goes. */
    memcpy(image, disk.bytes, DISK_BYTES);
    let_go();
    assert_int_equal(fs_unmount(fs), 0);
    memcpy(disk.bytes, image, DISK_BYTES);
    assert_int_equal(tool("/sbin/dumpe2fs -h %s 2>/dev/null | grep -q 'First orphan inode'"), 0);
    fs = mount_disk();
    assert_int_equal(free_blocks(fs), before);
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
        cmocka_unit_test(a_file_without_a_name_is_freed_by_the_next_mount),
        cmocka_unit_test(a_cut_anywhere_leaves_the_last_commit_of_ext4),
        cmocka_unit_test(a_cut_anywhere_leaves_the_last_commit_of_ext3),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
