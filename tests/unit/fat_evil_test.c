// SPDX-License-Identifier: MIT
/*
 * Claims about FAT on disks that lie: whatever stands in the boot sector, the FATs and the directories, no call crashes, hangs or touches memory that
 * is not its own. Images are broken at random and with intent (chains that meet, end nowhere or run in circles, directories within themselves),
 * mounted, walked and written to. XENOLITH_STEPS is the number of calls, 60000 without it; FAT's own file system is known to be good from fat_test.
 */
#include "fat_fixture.h"

#include <xenolith/compiler.h>

#include "unit.h"
#include "vfs_fixture.h"

#define DISK_BYTES (34u << 20)
#define PATHS      200

/* struct layout - Where things are on the good image. */
struct layout {
    uint32_t sector, fat, fat_bytes, data, cluster, clusters;
    unsigned int bits;
};

static unsigned char *good;
static struct layout at;
static char paths[PATHS][300];
static unsigned int nr_paths;
static unsigned long nr_calls;

static uint32_t word(unsigned int offset)
{
    return disk.bytes[offset] | (uint32_t)disk.bytes[offset + 1] << 8;
}

static void find_layout(unsigned int bits)
{
    uint32_t fats = disk.bytes[16], fat = word(22) != 0 ? word(22) : (word(36) | word(38) << 16);
    uint32_t all = word(19) != 0 ? word(19) : (word(32) | word(34) << 16);

    at.sector = word(11);
    at.fat = word(14) * at.sector;
    at.fat_bytes = fat * at.sector;
    at.data = at.fat + fats * at.fat_bytes + word(17) * 32;
    at.cluster = disk.bytes[13] * at.sector;
    at.clusters = (all - at.data / at.sector) / disk.bytes[13];
    at.bits = bits;
}

static void set_fat(uint32_t cluster, uint32_t value)
{
    for (unsigned int i = 0; i < at.bits / 4; i++) {
        uint32_t nibble = cluster * (at.bits / 4) + i;
        unsigned char *byte = &disk.bytes[at.fat + nibble / 2];

        *byte = (unsigned char)(nibble % 2 == 0 ? (*byte & 0xf0) | (value & 15)
                                                : (*byte & 0x0f) | (value & 15) << 4);
        value >>= 4;
    }
}

/* The clusters that are in use are the first ones. */
static uint32_t some_cluster(void)
{
    return 2 + (uint32_t)fake_random_below(fake_random_below(4) == 0 ? at.clusters : MIN(at.clusters, 400));
}

static void break_fat(void)
{
    uint32_t value = some_cluster();

    switch (fake_random_below(6)) {
    case 0:
        value = 0;
        break;
    case 1:
        value = 1;
        break;
    case 2:
        value = (uint32_t)fake_random();
        break;
    default:
        break;
    }
    set_fat(some_cluster(), value);
}

/* An entry of some directory, if one is there. */
static void break_entry(void)
{
    uint32_t from = at.data - MIN(at.data, 512 * 32);
    uint32_t span = 512 * 32 + 400 * at.cluster;
    unsigned char *e = disk.bytes + from + fake_random_below(MIN(span, DISK_BYTES - from) / 32) * 32;
    uint32_t cluster = some_cluster();

    switch (fake_random_below(6)) {
    case 0:
        e[11] = (unsigned char)(fake_random_below(2) == 0 ? 0x10 : fake_random());
        break;
    case 1:
        e[26] = (unsigned char)cluster;
        e[27] = (unsigned char)(cluster >> 8);
        break;
    case 2:
        e[28 + fake_random_below(4)] = (unsigned char)fake_random();
        break;
    case 3:
        e[0] = (unsigned char)fake_random();
        break;
    default:
        e[fake_random_below(32)] = (unsigned char)fake_random();
        break;
    }
}

static void break_image(void)
{
    unsigned int nr = 1 + (unsigned int)fake_random_below(40);

    for (unsigned int i = 0; i < nr; i++) {
        switch (fake_random_below(12)) {
        case 0:
            disk.bytes[fake_random_below(90)] = (unsigned char)fake_random();
            break;
        case 1:
            disk.bytes[fake_random_below(MIN(at.data + 100 * at.cluster, DISK_BYTES))] =
                (unsigned char)fake_random();
            break;
        case 2:
        case 3:
        case 4:
        case 5:
            break_entry();
            break;
        default:
            break_fat();
            break;
        }
    }
}

static void note_path(const char *top, const char *name)
{
    unsigned int i = nr_paths < PATHS ? nr_paths++ : (unsigned int)fake_random_below(PATHS);
    char path[600];

    snprintf(path, sizeof(path), "%s/%s", top, name);
    if (strlen(path) < sizeof(paths[0])) {
        strcpy(paths[i], path);
    }
}

static void walk(const char *top, unsigned int depth)
{
    struct dir_entry *entry = calloc(1, sizeof(*entry));
    unsigned int nr = 0;
    struct node *dir;

    if (path_node(NULL, top, 0, &dir) == 0) {
        while (dir->kind == FILE_DIRECTORY && nr++ < 40 && dir->ops->list(dir, entry->next, entry) == 1) {
            char path[600];

            nr_calls++;
            note_path(top, entry->name);
            snprintf(path, sizeof(path), "%s/%s", top, entry->name);
            if (entry->kind == FILE_DIRECTORY && depth < 6 && strlen(path) < 300) {
                walk(path, depth + 1);
            }
        }
        node_put(dir);
    }
    free(entry);
}

static const char *some_path(void)
{
    if (nr_paths == 0 || fake_random_below(8) == 0) {
        note_path("/data", "a new name");
    }
    return paths[fake_random_below(nr_paths)];
}

static void use_file(const char *path)
{
    static char buf[20000];
    unsigned int flags = PATH_READ | (fake_random_below(3) != 0 ? PATH_WRITE : 0) |
                         (fake_random_below(3) == 0 ? PATH_CREATE : 0) |
                         (fake_random_below(9) == 0 ? PATH_TRUNCATE : 0);
    struct file_info info = {0};
    struct file *file;

    if (path_open(NULL, path, flags, 0644, &file) != 0) {
        return;
    }
    (void)file->ops->info(file, &info);
    for (unsigned int i = 0; i < 3; i++) {
        uint64_t offset = fake_random_below(2) == 0 ? fake_random_below(60000)
                                                    : fake_random_below(info.size_bytes + 1);
        size_t bytes = 1 + (size_t)fake_random_below(sizeof(buf));

        nr_calls++;
        (void)file->ops->read_at(file, buf, bytes, offset);
        if ((flags & PATH_WRITE) != 0 && (offset < info.size_bytes || offset < 60000)) {
            (void)file->ops->write_at(file, buf, bytes, offset);
            (void)(fake_random_below(6) == 0 ? file->ops->resize(file, offset) : 0);
        }
    }
    if (fake_random_below(5) == 0) {
        (void)path_unlink(NULL, path, false);
    }
    file_put(file);
}

static void one_call(void)
{
    static const struct new_node what = {.kind = FILE_DIRECTORY, .permissions = 0755};
    char path[600];

    nr_calls++;
    snprintf(path, sizeof(path), "%s", some_path());
    switch (fake_random_below(8)) {
    case 0:
        (void)path_unlink(NULL, path, fake_random_below(2) == 0);
        break;
    case 1:
        (void)path_rename(NULL, path, NULL, some_path(), 0);
        break;
    case 2:
        (void)strncat(path, "/below", 7);
        (void)path_create(NULL, path, &what);
        break;
    case 3:
        (void)fs_sync_all();
        break;
    default:
        use_file(path);
        break;
    }
}

static void one_round(void)
{
    struct fs_info info;
    struct fs *fs;

    memcpy(disk.bytes, good, DISK_BYTES);
    break_image();
    nr_calls++;
    if (try_mount(fake_random_below(8) == 0, &fs) != 0) {
        return;
    }
    nr_paths = 0;
    walk("/data", 0);
    fs->ops->info(fs, &info);
    for (unsigned int i = 0; i < 40; i++) {
        one_call();
    }
    walk("/data", 0);
    (void)fs_unmount(fs);
}

static void fill_good_image(void)
{
    static char data[9000];
    char path[100];
    struct file *file;
    struct fs *fs = mount_disk();

    for (unsigned int i = 0; i < 40; i++) {
        if (i % 8 == 0) {
            snprintf(path, sizeof(path), "/data/a directory %u", i / 8);
            make_dir(path);
            snprintf(path, sizeof(path), "/data/a directory %u/below", i / 8);
            make_dir(path);
        }
        snprintf(path, sizeof(path), "/data/a directory %u/%s/file with number %u", i / 8,
                 i % 2 == 0 ? "below" : ".", i);
        assert_int_equal(path_open(NULL, path, PATH_WRITE | PATH_CREATE, 0644, &file), 0);
        for (unsigned int part = 0; part < i % 5; part++) {
            assert_int_equal(file->ops->write(file, data, sizeof(data)), sizeof(data));
        }
        file_put(file);
    }
    assert_int_equal(fs_unmount(fs), 0);
    memcpy(good, disk.bytes, DISK_BYTES);
}

static void disks_that_lie_do_no_harm(void **state)
{
    static const char *const kinds[] = {"-F 12 -s 32", "-F 16 -s 8", "-F 32 -s 1"};
    static const unsigned int bits[] = {12, 16, 32};
    const char *wanted = getenv("XENOLITH_STEPS");
    unsigned long steps = wanted != NULL ? strtoul(wanted, NULL, 0) : 60000;

    (void)state;
    good = malloc(DISK_BYTES);
    for (unsigned int kind = 0; kind < 3; kind++) {
        make_file_system(kinds[kind]);
        find_layout(bits[kind]);
        fill_good_image();
        for (nr_calls = 0; nr_calls < steps / 3;) {
            one_round();
        }
    }
    free(good);
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
        cmocka_unit_test(disks_that_lie_do_no_harm),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
