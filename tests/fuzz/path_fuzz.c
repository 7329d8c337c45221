// SPDX-License-Identifier: MIT
/*
 * Calls with paths of the fuzzer's bytes: the first byte of a piece says which call, the rest up to a newline is its path; a tab
 * parts it from a second one.
 */
#include <stdlib.h>
#include <string.h>

#include <fake.h>

#include <xenolith/path.h>

#include "../unit/vfs_fixture.h"

static void open_and_use(const char *path, unsigned int flags)
{
    struct file *file;

    if (path_open(NULL, path, flags, 0644, &file) != 0) {
        return;
    }
    if ((file->flags & FILE_WRITE) != 0) {
        (void)file->ops->write(file, path, strlen(path));
    }
    file_put(file);
}

static void use_node(const char *path, char call)
{
    char canonical[PATH_LIMIT];
    struct node *node;

    (void)path_canonical(NULL, path, canonical);
    if (path_node(NULL, path, (call & 1) != 0 ? PATH_NOFOLLOW : 0, &node) != 0) {
        return;
    }
    if (call == 'c') {
        (void)cwd_set(node);
    }
    if (node->kind == FILE_DIRECTORY) {
        (void)node_path(node, canonical);
    }
    node_put(node);
}

static void run(char call, const char *path, const char *second)
{
    struct new_node what = {
        .kind = (call & 1) != 0 ? FILE_DIRECTORY : FILE_SYMLINK, .permissions = 0755, .target = second};

    switch (call & 7) {
    case 0:
    case 1:
        (void)path_create(NULL, path, &what);
        break;
    case 2:
        (void)path_unlink(NULL, path, (call & 8) != 0);
        break;
    case 3:
        (void)path_rename(NULL, path, NULL, second, (call & 16) != 0 ? PATH_NOREPLACE : 0);
        break;
    case 4:
        (void)path_link(NULL, path, NULL, second, (call & 8) != 0 ? PATH_NOFOLLOW : 0);
        break;
    case 5:
        open_and_use(path, PATH_READ | PATH_WRITE | PATH_CREATE |
                               ((call & 8) != 0 ? PATH_EXCLUSIVE : PATH_TRUNCATE));
        break;
    default:
        use_node(path, call);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static bool booted;
    static size_t blocks_at_boot;
    char *text = malloc(bytes + 1);
    struct node *root;
    struct fs *fs;

    if (!booted) {
        fake_boot(16384);
        booted = true;
        blocks_at_boot = fake_heap_blocks;
    }
    memcpy(text, data, bytes);
    text[bytes] = '\0';
    fs = memfs_create("tmpfs", 1000);
    if (fs_mount(fs, NULL) != 0) {
        abort();
    }
    for (char *at = text, *end; at[0] != '\0'; at = end) {
        char *tab;

        end = at + strcspn(at, "\n");
        if (*end == '\n') {
            *end++ = '\0';
        }
        tab = strchr(at, '\t');
        if (tab != NULL) {
            *tab++ = '\0';
        }
        if (at[0] != '\0') {
            run(at[0], at + 1, tab != NULL ? tab : "");
        }
    }
    if (fs_root(&root) != 0 || cwd_set(root) != 0) {
        abort();
    }
    node_put(root);
    if (fs_unmount(fs) != 0 || fake_heap_blocks != blocks_at_boot) {
        abort();
    }
    free(text);
    return 0;
}
