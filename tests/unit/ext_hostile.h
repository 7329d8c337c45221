// SPDX-License-Identifier: MIT
/*
 * Images that somebody has tampered with, for a test and a fuzzer: good ones of many kinds, changed where they are not empty by a script of
 * bytes, and then every call there is. Whoever tampers puts checksums right too: they are taken as right where that is asked for
 * (hostile_trusting), by functions that the linker puts before libext2fs's (UNIT_LDFLAGS_ext_evil). Included by one file of a program.
 */
#ifndef EXT_HOSTILE_H
#define EXT_HOSTILE_H

#include "ext_fixture.h"

#include <assert.h>

#define HOSTILE_BYTES  (3u << 20)
#define HOSTILE_BLOCK  1024u
#define HOSTILE_BLOCKS (HOSTILE_BYTES / HOSTILE_BLOCK)

static bool hostile_trusting;

struct hostile_image {
    unsigned char *bytes;
    unsigned int nr_used;
    unsigned short used[HOSTILE_BLOCKS]; /* blocks that hold something */
};

static const char *const hostile_kinds[] = {
    "-t ext4 -b 1024 -N 200 -J size=1 -O inline_data,metadata_csum,64bit,flex_bg",
    "-t ext4 -b 1024 -N 200 -J size=1 -O ^metadata_csum,^64bit,uninit_bg",
    "-t ext3 -b 1024 -N 200 -J size=1",
    "-t ext2 -b 2048 -N 200",
    "-t ext4 -b 4096 -N 200 -O ^has_journal,metadata_csum,bigalloc,^resize_inode -C 16384",
};

#define HOSTILE_KINDS (sizeof(hostile_kinds) / sizeof(hostile_kinds[0]))

/* The second half of the images: the same with a full journal, where there is one. */
static struct hostile_image hostile_images[2 * HOSTILE_KINDS];

/* Whatever the types: what stands in a register stays there. */
#define TRUST(name)                                                 \
    int __real_##name(long a, long b, long c, long d, long e);      \
    int __wrap_##name(long a, long b, long c, long d, long e);      \
    int __wrap_##name(long a, long b, long c, long d, long e)       \
    {                                                               \
        return hostile_trusting ? 1 : __real_##name(a, b, c, d, e); \
    }

TRUST(ext2fs_superblock_csum_verify)
TRUST(ext2fs_group_desc_csum_verify)
TRUST(ext2fs_block_bitmap_csum_verify)
TRUST(ext2fs_inode_bitmap_csum_verify)
TRUST(ext2fs_inode_csum_verify)
TRUST(ext2fs_extent_block_csum_verify)
TRUST(ext2fs_dir_block_csum_verify)
TRUST(ext2fs_ext_attr_block_csum_verify)
TRUST(ext2fs_orphan_file_block_csum_verify)

/* A file tree to start from: inline files, holes, long links, a directory with many names. */
static void hostile_fill(char *folder)
{
    char command[900];

    assert(mkdtemp(folder) != NULL);
    snprintf(
        command, sizeof(command),
        "cd %s && mkdir -p d1/d2 many && echo tiny >d1/tiny && seq 9000 | head -c 20000 >d1/data && "
        "for i in 0 1 2 3 4 5 6 7 8 9; do seq 9000 | dd of=d1/holes bs=1k count=1 seek=$((i * 7)) conv=notrunc; done "
        "2>/dev/null && ln -s %0100d d1/long && ln -s tiny d1/short && ln d1/tiny d1/again && mkfifo d1/fifo && "
        "for i in $(seq 100); do echo $i >many/a-name-of-some-length-$i; done",
        folder, 7);
    if (system(command) != 0) {
        abort();
    }
}

static void hostile_keep(struct hostile_image *image, const unsigned char *bytes)
{
    image->bytes = malloc(HOSTILE_BYTES);
    memcpy(image->bytes, bytes, HOSTILE_BYTES);
    for (unsigned int block = 0; block < HOSTILE_BLOCKS; block++) {
        const unsigned char *at = bytes + block * (size_t)HOSTILE_BLOCK;
        unsigned int i = 0;

        while (i < HOSTILE_BLOCK && at[i] == 0) {
            i++;
        }
        if (i < HOSTILE_BLOCK) {
            image->used[image->nr_used++] = (unsigned short)block;
        }
    }
}

/* The image as a power cut leaves it just behind the commit block. */
static void hostile_keep_cut(struct hostile_image *image)
{
    static const struct new_node what = {.kind = FILE_DIRECTORY, .permissions = 0755};
    unsigned char *bytes = malloc(HOSTILE_BYTES);
    struct fs *fs = mount_disk();
    unsigned int epoch;

    memcpy(bytes, disk.bytes, HOSTILE_BYTES);
    disk.record = true;
    if (path_create(NULL, "/data/new", &what) != 0 || path_unlink(NULL, "/data/d1/data", false) != 0) {
        abort();
    }
    (void)fs_unmount(fs);
    disk.record = false;
    epoch = disk.nr_writes > 0 ? disk.writes[0].epoch : 0;
    for (unsigned int i = 0; i < disk.nr_writes && disk.writes[i].epoch < epoch + 2; i++) {
        fake_disk_apply(&disk.writes[i], UINT32_MAX / 512, bytes);
    }
    fake_disk_forget(&disk, 0);
    hostile_keep(image, bytes);
    free(bytes);
}

static void hostile_make(void)
{
    char folder[] = "/tmp/ext-hostile-XXXXXX", options[300], command[100];

    /* The same images each time, or a seed would tell nothing. */
    static const char identity[] = "01234567-89ab-4def-8123-456789abcdef";

    setenv("E2FSPROGS_FAKE_TIME", "1700000000", 1);
    boot_with_disk(HOSTILE_BYTES);
    hostile_fill(folder);
    for (unsigned int i = 0; i < HOSTILE_KINDS; i++) {
        snprintf(options, sizeof(options), "%s -U %s -E hash_seed=%s -d %s", hostile_kinds[i], identity,
                 identity, folder);
        make_file_system(options);
        /* Large directories get their tree. */
        (void)tool("/sbin/e2fsck -f -y -D %s");
        hostile_keep(&hostile_images[i], disk.bytes);
        hostile_keep_cut(&hostile_images[HOSTILE_KINDS + i]);
    }
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    (void)!system(command);
}

/* ---- A script: byte by byte; zeros when it is over ---- */

struct hostile_script {
    const uint8_t *bytes;
    size_t nr;
};

static unsigned int hostile_take(struct hostile_script *s, unsigned int bytes)
{
    unsigned int value = 0;

    for (; bytes > 0; bytes--) {
        value = value << 8 | (s->nr > 0 ? *s->bytes : 0);
        s->bytes += s->nr > 0;
        s->nr -= s->nr > 0;
    }
    return value;
}

static void hostile_change_one(const struct hostile_image *image, struct hostile_script *s)
{
    static const uint32_t odd[] = {0,          1,          2,          0x7f,           0x80,       0xff,
                                   0xffff,     0x7fffffff, 0x80000000, 0xfffffff0,     0xffffffff, 0xf30a0000,
                                   0x0001f30a, 0x00040001, 0x10000000, HOSTILE_BLOCKS, 0xc03b3998};
    unsigned int how = hostile_take(s, 1), where = hostile_take(s, 2), in_block = hostile_take(s, 2);
    unsigned int width = 1u << (how >> 6 & 3) % 3;
    unsigned int block = how % 8 == 0 ? 1 : image->used[where % image->nr_used];
    unsigned char *at = disk.bytes + (size_t)block * HOSTILE_BLOCK + in_block % HOSTILE_BLOCK / width * width;
    uint32_t value = 0;

    /* The first hundred blocks have the superblock, descriptors, bitmaps and inodes. */
    if (how % 8 > 5) {
        at =
            disk.bytes + (size_t)(1 + where % 100) * HOSTILE_BLOCK + in_block % HOSTILE_BLOCK / width * width;
    }
    memcpy(&value, at, width);
    switch (how >> 3 & 3) {
    case 0:
        value = hostile_take(s, width);
        break;
    case 1:
        value = odd[hostile_take(s, 1) % (sizeof(odd) / sizeof(odd[0]))];
        break;
    case 2:
        value += hostile_take(s, 1) - 128;
        break;
    default: {
        /* Another block's contents. */
        unsigned int from = image->used[hostile_take(s, 2) % image->nr_used];

        memmove(disk.bytes + (size_t)block * HOSTILE_BLOCK, disk.bytes + (size_t)from * HOSTILE_BLOCK,
                HOSTILE_BLOCK);
        return;
    }
    }
    memcpy(at, &value, width);
}

static void hostile_look(struct node *node, unsigned int depth, unsigned int *budget)
{
    static char buf[20000];
    struct file_info info = {0};

    if (*budget == 0) {
        return;
    }
    (*budget)--;
    node->ops->info(node, &info);
    if (node->kind == FILE_REGULAR) {
        (void)node->ops->read(node, buf, sizeof(buf), 0);
        (void)node->ops->read(node, buf, sizeof(buf), info.size_bytes / 2);
    } else if (node->kind == FILE_SYMLINK) {
        (void)node->ops->readlink(node, buf, 4096);
    } else if (node->kind == FILE_DIRECTORY && depth < 8) {
        struct dir_entry *entry = calloc(1, sizeof(*entry));

        while (*budget > 0 && node->ops->list(node, entry->next, entry) == 1) {
            struct node *child;

            (*budget)--;
            if (node->ops->lookup(node, entry->name, entry->length, &child) == 0) {
                hostile_look(child, depth + 1, budget);
                node_put(child);
            }
        }
        free(entry);
    }
}

static void hostile_path(char *out, unsigned int which)
{
    static const char *const names[] = {"/d1/tiny",
                                        "/d1/data",
                                        "/d1/holes",
                                        "/d1/long",
                                        "/d1/short",
                                        "/d1/again",
                                        "/d1/d2",
                                        "/d1",
                                        "/many",
                                        "/many/new",
                                        "/new",
                                        "/d1/d2/new",
                                        "/lost+found",
                                        "/many/a-name-of-some-length-50",
                                        "/many/a-name-of-some-length-77",
                                        "/x"};

    sprintf(out, "/data%s", names[which % 16]);
}

static void hostile_use_file(const char *path, unsigned int how, struct hostile_script *s)
{
    static char data[5000];
    struct file *file;

    if (path_open(NULL, path, PATH_READ | PATH_WRITE | (how % 2 == 0 ? PATH_CREATE : 0), 0600, &file) != 0) {
        return;
    }
    if (how % 3 != 0 && file->ops->write_at != NULL) {
        (void)file->ops->write_at(file, data, 1 + hostile_take(s, 2) % sizeof(data),
                                  hostile_take(s, 1) * 400u);
    } else if (file->ops->resize != NULL) {
        (void)file->ops->resize(file, hostile_take(s, 2));
    }
    if (how % 5 == 0 && file->ops->sync != NULL) {
        (void)file->ops->sync(file, false);
    }
    file_put(file);
}

static void hostile_step(struct hostile_script *s)
{
    struct new_node what = {.kind = FILE_DIRECTORY, .permissions = 0755, .target = "a/target/of/some/length"};
    unsigned int how = hostile_take(s, 1), names = hostile_take(s, 1);
    char a[60], b[60];

    hostile_path(a, names & 15);
    hostile_path(b, names >> 4);
    switch (how % 8) {
    case 0:
        (void)path_unlink(NULL, a, (how & 8) != 0);
        break;
    case 1:
        (void)path_rename(NULL, a, NULL, b, 0);
        break;
    case 2:
        (void)path_link(NULL, a, NULL, b, PATH_NOFOLLOW);
        break;
    case 3:
        what.kind = (how & 8) != 0 ? FILE_SYMLINK : FILE_DIRECTORY;
        (void)path_create(NULL, b, &what);
        break;
    default:
        hostile_use_file(a, how >> 3, s);
    }
}

/* How many calls were made; 0: it was not mounted. */
static unsigned int hostile_run(const uint8_t *bytes, size_t nr)
{
    struct hostile_script s = {bytes, nr};
    unsigned int kind = hostile_take(&s, 1), changes = hostile_take(&s, 1) % 24 + 1, budget = 300, steps = 0;
    const struct hostile_image *image = &hostile_images[(kind >> 1) % (2 * HOSTILE_KINDS)];
    struct fs *fs;

    memcpy(disk.bytes, image->bytes, HOSTILE_BYTES);
    hostile_trusting = kind % 2 == 0;
    while (changes-- > 0) {
        hostile_change_one(image, &s);
    }
    if (try_mount(&fs) != 0) {
        return 0;
    }
    hostile_look(fs->root, 0, &budget);
    for (; steps < 30 && (s.nr > 0 || steps < 4); steps++) {
        hostile_step(&s);
    }
    (void)fs_sync_all();
    (void)fs_unmount(fs);
    return 300 - budget + steps + 1;
}

#endif
