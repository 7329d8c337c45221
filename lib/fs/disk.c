// SPDX-License-Identifier: MIT
/*
 * Disks for programs: which of them are mounted where (`root=`, `mount=`, /etc/fstab). An image has this if it names
 * mount() or anything else of lib/fs; lib/vfs asks for it by weak references. Which file systems it has is decided by linking, too: mount.c.
 */
#include "disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xenolith/boot.h>
#include <xenolith/path.h>
#include <xenolith/printk.h>
#include <xenolith/time.h>
#include <xenolith/wait.h>

#include "ext.h"
#include "fat.h"

#define SETTLE_NS   (60 * NS_PER_SEC) /* backends of a busy dom0 are slow */
#define ONLINE_NS   (20 * NS_PER_SEC)
#define MAX_MOUNTS  8
#define FSTAB_BYTES 8192

static const char *root_option;
static const char *mount_options[MAX_MOUNTS];
static unsigned int nr_mounts;

static int set_root(const char *value)
{
    root_option = value;
    return value[0] == '\0' ? -EINVAL : 0;
}

static int set_mount(const char *value)
{
    if (value[0] != '/' || strchr(value, ':') == NULL || nr_mounts == MAX_MOUNTS) {
        return -EINVAL;
    }
    mount_options[nr_mounts++] = value;
    return 0;
}

BOOT_OPTION(root, "root", set_root);
BOOT_OPTION(mount, "mount", set_mount);

/* Each disk gets its time to connect once. */
struct blkdev *disk_find(const char *path)
{
    static bool settled;
    const char *name = strncmp(path, "/dev/", 5) == 0 ? path + 5 : path;

    if (!settled) {
        if (blkdev_start() != 0) {
            return NULL;
        }
        disk_end_prepare();
        (void)blkdev_settle(time_deadline_ns(SETTLE_NS));
        settled = true;
    }
    return blkdev_find(name);
}

static struct wait_queue disk_changes = WAIT_QUEUE_INIT(disk_changes);

static void note_change(struct blkdev_watch *watch, struct blkdev *dev, enum blkdev_event event)
{
    (void)watch;
    (void)dev;
    (void)event;
    wait_wake_all(&disk_changes);
}

/* disk_find() has waited for those of the start; this is for one that was put there a moment ago. */
static bool wait_online(struct blkdev *dev)
{
    struct blkdev_watch watch = {.changed = note_change, .link = LIST_INIT(watch.link)};

    blkdev_watch(&watch);
    (void)wait_event_until(&disk_changes, dev->state != BLKDEV_ABSENT, time_deadline_ns(ONLINE_NS));
    blkdev_unwatch(&watch);
    return dev->state != BLKDEV_ABSENT;
}

/* Those that the image has. */
extern __typeof__(ext_open) ext_open WEAK;
extern __typeof__(fat_open) fat_open WEAK;

static bool is_ext(const char *type)
{
    return strncmp(type, "ext", 3) == 0;
}

static bool is_fat(const char *type)
{
    return strcmp(type, "vfat") == 0 || strcmp(type, "msdos") == 0;
}

static bool is_auto(const char *type)
{
    return strcmp(type, "auto") == 0;
}

/* Whoever does not know what it finds says -EINVAL. */
static int open_any(struct blkdev *dev, const char *type, unsigned int how, struct fs **out)
{
    int rc = -EINVAL;

    if (ext_open != NULL && (is_ext(type) || is_auto(type))) {
        rc = ext_open(dev, how, out);
    }
    if (fat_open != NULL && (is_fat(type) || (is_auto(type) && rc == -EINVAL))) {
        rc = fat_open(dev, (how & DISK_READ_ONLY) != 0, out);
    }
    return rc;
}

int disk_open_fs(const char *device, const char *type, unsigned int how, struct fs **out)
{
    struct blkdev *dev;

    if (strcmp(type, "tmpfs") == 0) {
        *out = memfs_create("tmpfs", boot_info.nr_pages / 2);
        return *out != NULL ? 0 : -ENOMEM;
    }
    if (!is_auto(type) && !(is_ext(type) && ext_open != NULL) && !(is_fat(type) && fat_open != NULL)) {
        return -ENODEV;
    }
    dev = disk_find(device);
    if (dev == NULL || !wait_online(dev)) {
        return dev == NULL ? -ENOENT : -ENXIO;
    }
    return open_any(dev, type, how, out);
}

int disk_mount_at(const char *device, const char *path, const char *type, unsigned int how)
{
    struct node *covers;
    struct fs *fs;
    int rc = path_node(NULL, path, 0, &covers);

    if (rc != 0) {
        return rc;
    }
    rc = covers->kind == FILE_DIRECTORY ? disk_open_fs(device, type, how, &fs) : -ENOTDIR;
    if (rc == 0) {
        rc = fs_mount(fs, covers);
        if (rc != 0) {
            (void)fs->ops->unmount(fs);
        }
    }
    node_put(covers);
    return rc;
}

static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);

    while (strncmp(list, word, length) != 0 || (list[length] != ',' && list[length] != '\0')) {
        list = strchr(list, ',');
        if (list == NULL) {
            return false;
        }
        list++;
    }
    return true;
}

unsigned int disk_how_of(const char *options)
{
    unsigned int how = has_word(options, "ro") ? DISK_READ_ONLY : 0;

    if (has_word(options, "norecovery") || has_word(options, "noload")) {
        how |= DISK_READ_ONLY | DISK_NO_RECOVERY;
    }
    how |= has_word(options, "discard") ? DISK_DISCARD : 0;
    return how;
}

/* Takes ":ro" or ":norecovery" off the end of @text. */
static unsigned int take_how(char *text)
{
    char *colon = strrchr(text, ':');
    unsigned int how = colon != NULL ? disk_how_of(colon + 1) : 0;

    if (how != 0) {
        *colon = '\0';
    }
    return how;
}

/* Like mount(8): a disk that cannot be written to is mounted for reading, with a word about it. */
static int mount_configured(const char *device, const char *path, const char *type, unsigned int how)
{
    int rc = disk_mount_at(device, path, type, how);

    if (rc == -EACCES && (how & DISK_READ_ONLY) == 0) {
        pr_warn("%s cannot be written to: mounted for reading", device);
        rc = disk_mount_at(device, path, type, how | DISK_READ_ONLY);
    }
    return rc;
}

int disk_mount_root(void)
{
    char *device;
    unsigned int how;
    struct fs *fs;
    int rc;

    if (root_option == NULL) {
        return 1;
    }
    device = strdup(root_option);
    if (device == NULL) {
        return -ENOMEM;
    }
    how = take_how(device);
    rc = disk_open_fs(device, "auto", how, &fs);
    if (rc == -EACCES && (how & DISK_READ_ONLY) == 0) {
        pr_warn("%s cannot be written to: mounted for reading", device);
        rc = disk_open_fs(device, "auto", how | DISK_READ_ONLY, &fs);
    }
    if (rc == 0) {
        rc = fs_mount(fs, NULL);
    }
    if (rc != 0) {
        pr_err("root=%s: cannot be mounted (%d)", device, rc);
    }
    free(device);
    return rc;
}

static void make_directory(const char *path)
{
    static const struct new_node what = {.kind = FILE_DIRECTORY, .permissions = 0755};

    (void)path_create(NULL, path, &what);
}

/* "PATH:DEVICE", perhaps with ":ro" or ":norecovery". The directory is made. */
static void mount_option(const char *option)
{
    char *path = strdup(option), *device;
    unsigned int how;
    int rc = -ENOMEM;

    if (path != NULL) {
        how = take_how(path);
        device = strchr(path, ':');
        *device++ = '\0';
        make_directory(path);
        rc = mount_configured(device, path, "auto", how);
    }
    if (rc != 0) {
        pr_err("mount=%s: cannot be mounted (%d)", option, rc);
    }
    free(path);
}

/* DEVICE DIRECTORY TYPE OPTIONS; what is no disk's is passed over. */
static void mount_fstab_line(char *line)
{
    char *rest, *device = strtok_r(line, " \t", &rest), *path = strtok_r(NULL, " \t", &rest);
    char *type = strtok_r(NULL, " \t", &rest), *given = strtok_r(NULL, " \t", &rest);
    const char *options = given != NULL ? given : "";
    int rc;

    if (device == NULL || device[0] == '#' || path == NULL || type == NULL || strcmp(path, "/") == 0 ||
        (!is_ext(type) && !is_fat(type) && !is_auto(type) && strcmp(type, "tmpfs") != 0) ||
        has_word(options, "noauto")) {
        return;
    }
    make_directory(path);
    rc = mount_configured(device, path, type, disk_how_of(options));
    if (rc != 0) {
        pr_err("/etc/fstab: %s cannot be mounted at %s (%d)", device, path, rc);
    }
}

static void mount_fstab(void)
{
    struct file *file;
    char *text, *line, *rest;
    long bytes;

    if (path_open(NULL, "/etc/fstab", PATH_READ, 0, &file) != 0) {
        return;
    }
    text = malloc(FSTAB_BYTES);
    bytes = text != NULL && file->ops->read != NULL ? file->ops->read(file, text, FSTAB_BYTES - 1) : -1;
    if (bytes > 0) {
        text[bytes] = '\0';
        for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
            mount_fstab_line(line);
        }
    }
    free(text);
    file_put(file);
}

void disk_mount_all(void)
{
    disk_add_devices();
    for (unsigned int i = 0; i < nr_mounts; i++) {
        mount_option(mount_options[i]);
    }
    mount_fstab();
}
