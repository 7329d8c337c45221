// SPDX-License-Identifier: MIT
/*
 * A ramdisk of the fuzzer's bytes, and then a walk over all that came out of it. tar's checksums are put right, or the fuzzer would
 * hardly ever get past them.
 */
#include <stdlib.h>
#include <string.h>

#include <fake.h>

#include <xenolith/path.h>

#include "../unit/vfs_fixture.h"

#define BLOCK 512

static void put_checksums_right(unsigned char *archive, size_t bytes)
{
    for (size_t at = 0; at + BLOCK <= bytes; at += BLOCK) {
        unsigned char *h = archive + at;
        unsigned int sum = 0;

        if (memcmp(h + 257, "ustar", 5) != 0) {
            continue;
        }
        memset(h + 148, ' ', 8);
        for (int i = 0; i < BLOCK; i++) {
            sum += h[i];
        }
        for (int i = 5; i >= 0; i--, sum >>= 3) {
            h[148 + i] = (unsigned char)('0' + (sum & 7));
        }
        h[154] = '\0';
    }
}

static void look_at(struct node *node, unsigned int depth)
{
    struct file_info info = {0};
    static char buf[70000];

    node->ops->info(node, &info);
    if (node->kind == FILE_REGULAR) {
        (void)node->ops->read(node, buf, sizeof(buf), info.size_bytes / 3);
        (void)node->ops->write(node, "written", 7, info.size_bytes / 2);
    } else if (node->kind == FILE_SYMLINK) {
        (void)node->ops->readlink(node, buf, sizeof(buf));
    } else if (node->kind == FILE_DIRECTORY && depth < 100) {
        struct dir_entry entry = {.next = 0};

        while (node->ops->list(node, entry.next, &entry) == 1) {
            struct node *child;

            if (node->ops->lookup(node, entry.name, entry.length, &child) != 0) {
                abort();
            }
            look_at(child, depth + 1);
            node_put(child);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static bool booted;
    static size_t blocks_at_boot;
    unsigned char *archive = malloc(bytes);
    struct fs *fs;

    if (!booted) {
        fake_boot(16384);
        booted = true;
        blocks_at_boot = fake_heap_blocks;
    }
    memcpy(archive, data, bytes);
    put_checksums_right(archive, bytes);
    fs = memfs_create("ramdisk", 8192);
    if (memfs_add_archive(fs, archive, bytes) >= 0) {
        look_at(fs->root, 0);
    }
    if (fs->ops->unmount(fs) != 0 || fake_heap_blocks != blocks_at_boot) {
        abort();
    }
    free(archive);
    return 0;
}
