// SPDX-License-Identifier: MIT
/*
 * What libext2fs and the journal's recovery want from other libraries: messages, identities, and a search for other disks that
 * never finds one.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <blkid/blkid.h>
#include <et/com_err.h>
#include <ext2fs/ext2fs.h>
#include <uuid/uuid.h>

#include <xenolith/printk.h>
#include <xenolith/random.h>

char *ext2fs_safe_getenv(const char *name);

/* Their way to a disk of their own choice; a journal on another disk would be opened by it. */
io_manager unix_io_manager;

char *ext2fs_safe_getenv(const char *name)
{
    (void)name;
    return NULL;
}

int blkid_get_cache(blkid_cache *cache, const char *path)
{
    (void)path;
    *cache = NULL;
    return -1;
}

void blkid_put_cache(blkid_cache cache)
{
    (void)cache;
}

char *blkid_get_devname(blkid_cache cache, const char *tag, const char *value)
{
    (void)cache;
    (void)tag;
    (void)value;
    return NULL;
}

char *blkid_devno_to_devname(dev_t device)
{
    (void)device;
    return NULL;
}

int uuid_is_null(const uuid_t uuid)
{
    static const uuid_t none;

    return memcmp(uuid, none, sizeof(none)) == 0;
}

void uuid_generate(uuid_t out)
{
    random_fill(out, sizeof(uuid_t));
    out[6] = (unsigned char)((out[6] & 0x0f) | 0x40);
    out[8] = (unsigned char)((out[8] & 0x3f) | 0x80);
}

void uuid_unparse(const uuid_t uuid, char *out)
{
    for (unsigned int i = 0; i < sizeof(uuid_t); i++) {
        out += sprintf(out, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", uuid[i]);
    }
}

void com_err(const char *who, errcode_t code, const char *format, ...)
{
    char text[200];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format != NULL ? format : "?", arguments);
    va_end(arguments);
    pr_warn("ext: %s: %s (%ld)", who, text, (long)code);
}

/* Asked for before a journal is made, which happens nowhere here. */
errcode_t ext2fs_check_mount_point(const char *device, int *flags, char *path, int bytes)
{
    (void)device;
    (void)path;
    (void)bytes;
    *flags = 0;
    return 0;
}
