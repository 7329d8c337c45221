// SPDX-License-Identifier: MIT
/*
 * Claims about the ramdisk: archives made by this machine's tar and cpio read as what was packed; what is cut, damaged or hostile
 * is left out, and nothing else suffers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fake.h>

#include <xenolith/errno.h>
#include <xenolith/path.h>

#include "unit.h"
#include "vfs_fixture.h"

#define ARCHIVE_LIMIT (1 << 20)

static char folder[] = "/tmp/vfs-archive-XXXXXX";
static char archive[ARCHIVE_LIMIT];
static size_t archive_bytes;

/* A block of its own, so that AddressSanitizer sees a read past its end. */
static void *copy;

/* The archive that a shell command writes to standard output. */
static void pack(const char *command)
{
    FILE *f = popen(command, "r");

    assert_non_null(f);
    archive_bytes = fread(archive, 1, ARCHIVE_LIMIT, f);
    assert_true(archive_bytes < ARCHIVE_LIMIT);
    assert_int_equal(pclose(f), 0);
}

static struct fs *unpack(size_t bytes)
{
    struct fs *fs = memfs_create("ramdisk", 1024);

    assert_non_null(fs);
    copy = malloc(bytes);
    memcpy(copy, archive, bytes);
    (void)memfs_add_archive(fs, copy, bytes);
    return fs;
}

static void end(struct fs *fs)
{
    assert_int_equal(fs->ops->unmount(fs), 0);
    free(copy);
}

static struct node *find(struct fs *fs, const char *path)
{
    struct node *node = NULL;

    return path_node(fs->root, path, PATH_NOFOLLOW, &node) == 0 ? node : NULL;
}

static void assert_file(struct fs *fs, const char *path, const char *content)
{
    struct node *node = find(fs, path);
    char buf[4096];

    assert_non_null(node);
    assert_int_equal(node->kind, FILE_REGULAR);
    assert_int_equal(node->ops->read(node, buf, sizeof(buf), 0), strlen(content));
    assert_memory_equal(buf, content, strlen(content));
    node_put(node);
}

static void assert_missing(struct fs *fs, const char *path)
{
    assert_null(find(fs, path));
}

static void assert_link(struct fs *fs, const char *path, const char *target)
{
    struct node *node = find(fs, path);
    char buf[4096];

    assert_non_null(node);
    assert_int_equal(node->kind, FILE_SYMLINK);
    assert_int_equal(node->ops->readlink(node, buf, sizeof(buf)), strlen(target));
    assert_memory_equal(buf, target, strlen(target));
    node_put(node);
}

#define LONG_NAME \
    "a-directory-with-a-name-that-is-quite-long/another-directory-with-a-name-that-is-quite-long/" \
    "and-a-third-one-so-that-even-the-two-fields-of-ustar-together-cannot-hold-it/" \
    "because-the-second-holds-one-hundred-and-fifty-five-bytes-only-and-this-one-is-longer/" \
    "the-file-itself-has-a-name-that-does-not-fit-into-the-one-hundred-bytes-of-the-first-field-of-any-tar-header"
#define MIDDLE_NAME \
    "a-directory-with-a-name-that-is-quite-long/another-directory-with-a-name-that-is-quite-long/the-file-with-a-name"

static int make_tree(void **state)
{
    static const char script[] =
        "umask 022; mkdir -p dir/empty $(dirname '" LONG_NAME
        "') && echo hello > dir/hello && echo other > dir/other && : > dir/nothing &&"
        "echo long > '" LONG_NAME "' && echo middle > '" MIDDLE_NAME "' && ln -s dir/hello link &&"
        "ln -s '" LONG_NAME "' long-link && ln dir/hello dir/second && chmod 4751 dir/hello &&"
        "touch -d @1234567890 dir/hello && head -c 100000 /dev/zero > dir/zeros && mkfifo fifo";

    (void)state;
    fake_boot(4096);
    return mkdtemp(folder) == NULL || chdir(folder) != 0 || system(script) != 0;
}

static int remove_tree(void **state)
{
    char command[100];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return chdir("/") != 0 || system(command) != 0;
}

static void assert_tree(struct fs *fs)
{
    struct file_info info = {0}, second = {0};
    struct node *node;

    assert_file(fs, "dir/hello", "hello\n");
    assert_file(fs, "dir/second", "hello\n");
    assert_file(fs, "dir/nothing", "");
    assert_file(fs, LONG_NAME, "long\n");
    assert_file(fs, MIDDLE_NAME, "middle\n");
    assert_link(fs, "link", "dir/hello");
    assert_link(fs, "long-link", LONG_NAME);
    assert_missing(fs, "fifo");
    node = find(fs, "dir/hello");
    node->ops->info(node, &info);
    node_put(node);
    assert_int_equal(info.permissions, 04751);
    assert_int_equal(info.modified_ns, 1234567890000000000);
    assert_int_equal(info.links, 2);
    node = find(fs, "dir/second");
    node->ops->info(node, &second);
    node_put(node);
    assert_int_equal(info.serial, second.serial);
    node = find(fs, "dir/empty");
    assert_non_null(node);
    assert_int_equal(node->kind, FILE_DIRECTORY);
    node_put(node);
}

static const char *const commands[] = {
    "tar -c --format=ustar --exclude='*fifth*' --exclude='long-link' --exclude='and-a-third*' .",
    "tar -c --format=gnu .",
    "tar -c --format=pax .",
    "tar -c --format=posix --sort=name dir link long-link a-directory* fifo",
    "find . | cpio -o -H newc 2>/dev/null",
    "find . -depth | cpio -o -H crc 2>/dev/null",
};

static void every_format_gives_the_tree(void **state)
{
    (void)state;
    for (size_t i = 1; i < sizeof(commands) / sizeof(commands[0]); i++) {
        struct fs *fs;

        pack(commands[i]);
        fs = unpack(archive_bytes);
        assert_tree(fs);
        end(fs);
    }
}

static void ustar_splits_names(void **state)
{
    struct fs *fs;

    (void)state;
    pack(commands[0]);
    fs = unpack(archive_bytes);
    assert_file(fs, "dir/hello", "hello\n");
    assert_file(fs, MIDDLE_NAME, "middle\n");
    end(fs);
}

static void files_are_read_in_place_until_they_are_written_to(void **state)
{
    struct node *node;
    struct fs *fs;
    const void *address;
    size_t bytes;

    (void)state;
    pack("tar -c dir/zeros");
    fs = unpack(archive_bytes);
    node = find(fs, "dir/zeros");
    assert_int_equal(node->ops->map(node, 10, &address, &bytes), 0);
    assert_ptr_equal(address, (char *)copy + 512 + 10);
    assert_int_equal(bytes, 100000 - 10);
    assert_int_equal(node->ops->map(node, 100000, &address, &bytes), -ENODEV);
    assert_int_equal(node->ops->write(node, "x", 1, 5000), 1);
    assert_int_equal(((char *)copy)[512 + 5000], 0);
    assert_int_equal(node->ops->map(node, 5000, &address, &bytes), -ENODEV);
    assert_int_equal(node->ops->map(node, 100, &address, &bytes), 0);
    assert_int_equal(bytes, 4096 - 100);
    node_put(node);
    end(fs);
}

/* Every length: what lies before the cut is there or not, but nothing crashes. */
static void cut_archives_give_what_was_before_the_cut(void **state)
{
    (void)state;
    for (size_t i = 1; i < sizeof(commands) / sizeof(commands[0]); i++) {
        pack(commands[i]);
        for (size_t bytes = 0; bytes < archive_bytes; bytes += 1 + fake_random_below(97)) {
            struct fs *fs = unpack(bytes);

            end(fs);
        }
    }
}

static void damaged_archives_do_no_harm(void **state)
{
    (void)state;
    for (unsigned int round = 0; round < 2000; round++) {
        struct fs *fs;

        if (round % 100 == 0) {
            pack(commands[1 + fake_random_below(5)]);
        }
        for (unsigned int i = 0; i < 1 + round % 7; i++) {
            archive[fake_random_below(archive_bytes)] = (char)fake_random();
        }
        fs = unpack(archive_bytes);
        end(fs);
    }
}

static void names_do_not_lead_out_of_the_tree(void **state)
{
    struct fs *fs;

    (void)state;
    pack(
        "tar -cP --transform='s,dir/hello,../../evil,' dir/hello --transform='s,dir/nothing,dir/../deep,' dir/nothing");
    fs = unpack(archive_bytes);
    assert_missing(fs, "evil");
    assert_missing(fs, "deep");
    end(fs);
    pack("tar -cP --transform='s,^link$,out,' link --transform='s,dir/second,out/through,' dir/second");
    fs = unpack(archive_bytes);
    assert_link(fs, "out", "dir/hello");
    assert_missing(fs, "out/through");
    end(fs);
    pack("tar -cP --transform='s,^,/absolute/,' dir/hello");
    fs = unpack(archive_bytes);
    assert_file(fs, "absolute/dir/hello", "hello\n");
    end(fs);
}

static void a_later_member_replaces_an_earlier_one(void **state)
{
    struct fs *fs;

    (void)state;
    pack("tar -c --transform='s,.*,same,' dir/zeros dir/second link dir/nothing dir/other");
    fs = unpack(archive_bytes);
    assert_file(fs, "same", "other\n");
    end(fs);
}

static void archives_of_cpio_may_follow_one_another(void **state)
{
    struct fs *fs;

    (void)state;
    pack(
        "(echo dir/nothing | cpio -o -H newc; head -c 700 /dev/zero; echo dir/hello | cpio -o -H newc) 2>/dev/null");
    fs = unpack(archive_bytes);
    assert_file(fs, "dir/nothing", "");
    assert_file(fs, "dir/hello", "hello\n");
    end(fs);
}

static void what_is_no_archive_is_refused(void **state)
{
    struct fs *fs = memfs_create("ramdisk", 1024);

    (void)state;
    pack("gzip -c dir/zeros");
    assert_int_equal(memfs_add_archive(fs, archive, archive_bytes), -EINVAL);
    assert_int_equal(memfs_add_archive(fs, archive, 0), -EINVAL);
    memset(archive, 'x', 10000);
    assert_int_equal(memfs_add_archive(fs, archive, 10000), -EINVAL);
    memset(archive, 0, 10000);
    assert_int_equal(memfs_add_archive(fs, archive, 10000), 0);
    assert_int_equal(fs->ops->unmount(fs), 0);
}

static void without_memory_files_are_missing_but_nothing_leaks(void **state)
{
    size_t blocks = fake_heap_blocks;

    (void)state;
    pack(commands[4]);
    for (unsigned int nr = 2; nr < 60; nr++) {
        struct fs *fs = memfs_create("ramdisk", 1024);

        fake_fail_after(nr);
        (void)memfs_add_archive(fs, archive, archive_bytes);
        fake_fail_after(0);
        assert_int_equal(fs->ops->unmount(fs), 0);
        assert_int_equal(fake_heap_blocks, blocks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_gives_the_tree),
        cmocka_unit_test(ustar_splits_names),
        cmocka_unit_test(files_are_read_in_place_until_they_are_written_to),
        cmocka_unit_test(cut_archives_give_what_was_before_the_cut),
        cmocka_unit_test(damaged_archives_do_no_harm),
        cmocka_unit_test(names_do_not_lead_out_of_the_tree),
        cmocka_unit_test(a_later_member_replaces_an_earlier_one),
        cmocka_unit_test(archives_of_cpio_may_follow_one_another),
        cmocka_unit_test(what_is_no_archive_is_refused),
        cmocka_unit_test(without_memory_files_are_missing_but_nothing_leaks),
    };

    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
