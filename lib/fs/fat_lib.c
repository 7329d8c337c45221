// SPDX-License-Identifier: MIT
/*
 * FatFs, and the few calls of it that the rest needs. FatFs offers paths and open files of its own, which know nothing of a file without a
 * name or of two who have it open; what we need lies one layer below, in functions that its source keeps to itself: hence it is included here.
 */
#include "fat_priv.h"

#include <errno.h>
#include <string.h>

#include <xenolith/compiler.h>
#include <xenolith/printk.h>

/* Theirs; what is not used of it is not in the object. One name of it is lib/vfs's too. */
#define dir_read fat_ff_dir_read
#include <ff.c>        /* NOLINT(bugprone-suspicious-include) */
#include <ffunicode.c> /* NOLINT(bugprone-suspicious-include) */

int fat_damaged(struct fat_fs *x, const char *what)
{
    if (x->failed == 0) {
        pr_err("fat: %s: %s: read-only from now on, fsck should look at it", cache_device(x->cache)->name,
               what);
        x->failed = -EIO;
        x->fs.read_only = true;
    }
    return -EIO;
}

static int error_of(struct fat_fs *x, FRESULT result)
{
    switch (result) {
    case FR_OK:
        return 0;
    case FR_DISK_ERR:
        return x->io_error;
    case FR_NO_FILE:
        return -ENOENT;
    case FR_DENIED:
        return -ENOSPC;
    case FR_INVALID_NAME:
        return -EINVAL;
    default:
        return fat_damaged(x, "a directory or a chain that makes no sense");
    }
}

/* FatFs computes with 32 bits; what overflows there is no file system. */
static bool makes_sense(struct fat_fs *x)
{
    const FATFS *f = &x->ff;
    uint64_t sectors = cache_device(x->cache)->size_bytes / SS(f);
    uint64_t fats_end = f->fatbase + (uint64_t)f->fsize * f->n_fats;
    uint64_t end = f->database + (uint64_t)(f->n_fatent - 2) * f->csize;

    if (fats_end > f->database || end > sectors || end > UINT32_MAX) {
        return false;
    }
    return f->fs_type != FS_FAT32 || (f->dirbase >= 2 && f->dirbase < f->n_fatent);
}

int fat_lib_open(struct fat_fs *x)
{
    FRESULT result;

    x->ff.drv = x;
    x->ff.fs_type = 0;
    result = find_volume(&x->ff, 0);
    if (result == FR_DISK_ERR) {
        return x->io_error;
    }
    if (result != FR_OK || x->ff.volbase != 0 || !makes_sense(x)) {
        return -EINVAL;
    }
    /* One buffer for all volumes would do as long as nobody blocks; reading a sector does. */
    x->ff.lfnbuf = x->long_name;
    x->cluster_bytes = (uint32_t)x->ff.csize * SS(&x->ff);
    return 0;
}

int fat_lib_flush(struct fat_fs *x)
{
    return error_of(x, sync_window(&x->ff));
}

int fat_lib_write_info(struct fat_fs *x)
{
    return error_of(x, sync_fs(&x->ff));
}

int fat_lib_count(struct fat_fs *x)
{
    FFOBJID object = {.fs = &x->ff};
    uint32_t nr = 0;

    for (uint32_t c = 2; c < x->ff.n_fatent; c++) {
        DWORD value = get_fat(&object, c);

        if (value == 0xffffffff) {
            return x->io_error;
        }
        nr += value == 0;
    }
    x->counted = true;
    x->ff.fsi_flag |= x->ff.free_clst != nr;
    x->ff.free_clst = nr;
    return 0;
}

bool fat_is_cluster(const struct fat_fs *x, uint32_t cluster)
{
    return cluster >= 2 && cluster < x->ff.n_fatent;
}

uint64_t fat_place(const struct fat_fs *x, uint32_t cluster)
{
    return (x->ff.database + (uint64_t)(cluster - 2) * x->ff.csize) * x->sector_bytes;
}

int fat_next(struct fat_fs *x, uint32_t cluster, uint32_t *next)
{
    FFOBJID object = {.fs = &x->ff};
    DWORD value = get_fat(&object, cluster);

    if (value == 0xffffffff) {
        return x->io_error;
    }
    if (value < 2) {
        return fat_damaged(x, "a chain leads to a free cluster");
    }
    *next = value < x->ff.n_fatent ? value : 0;
    return 0;
}

int fat_append(struct fat_fs *x, uint32_t last, uint32_t *out)
{
    FFOBJID object = {.fs = &x->ff};
    DWORD value = create_chain(&object, last);

    if (value == 0xffffffff) {
        return x->io_error;
    }
    if (value == 1) {
        return fat_damaged(x, "a chain leads to a free cluster");
    }
    *out = value;
    return value == 0 ? -ENOSPC : 0;
}

int fat_entry_of(struct fat_fs *x, uint32_t cluster, uint32_t *value)
{
    FFOBJID object = {.fs = &x->ff};

    *value = get_fat(&object, cluster);
    return *value == 0xffffffff ? x->io_error : 0;
}

int fat_set_entry(struct fat_fs *x, uint32_t cluster, uint32_t value)
{
    return error_of(x, put_fat(&x->ff, cluster, value));
}

void fat_lib_view(struct fat_fs *x, bool old)
{
    x->old_view = old;
    x->ff.winsect = 0xffffffff;
}

int fat_free_chain(struct fat_fs *x, uint32_t start)
{
    FFOBJID object = {.fs = &x->ff};

    return error_of(x, remove_chain(&object, start, 0));
}

static void start_dir(struct fat_fs *x, uint32_t dir, FF_DIR *out)
{
    *out = (FF_DIR){.obj = {.fs = &x->ff, .sclust = dir}};
}

/* The entry that @d stands at, whose sector is in the window. */
static void take_entry(struct fat_fs *x, FF_DIR *d, struct fat_entry *out)
{
    const BYTE *e = d->dir;

    out->position = ((uint64_t)d->sect * SS(&x->ff) + (uint64_t)(e - x->ff.win)) / FAT_ENTRY_BYTES;
    out->offset = d->dptr;
    out->first = d->blk_ofs;
    out->cluster = ld_clust(&x->ff, e);
    out->size = ld_dword(e + DIR_FileSize);
    out->attributes = e[DIR_Attr];
    out->stamps = (struct fat_stamps){
        .modified_time = ld_word(e + DIR_ModTime),
        .modified_day = ld_word(e + DIR_ModTime + 2),
        .accessed_day = ld_word(e + DIR_LstAccDate),
        .created_time = ld_word(e + DIR_CrtTime),
        .created_day = ld_word(e + DIR_CrtTime + 2),
    };
}

/* The same the other way round. */
static void give_entry(struct fat_fs *x, BYTE *e, const struct fat_entry *from)
{
    e[DIR_Attr] = from->attributes;
    st_clust(&x->ff, e, from->cluster);
    st_dword(e + DIR_FileSize, from->size);
    st_word(e + DIR_ModTime, from->stamps.modified_time);
    st_word(e + DIR_ModTime + 2, from->stamps.modified_day);
    st_word(e + DIR_LstAccDate, from->stamps.accessed_day);
    st_word(e + DIR_CrtTime, from->stamps.created_time);
    st_word(e + DIR_CrtTime + 2, from->stamps.created_day);
    x->ff.wflag = 1;
}

/* A directory from its first entry, and the name that is looked for or put there. */
static FRESULT start_name(struct fat_fs *x, uint32_t dir, const char *name, FF_DIR *d)
{
    const TCHAR *rest = name;

    start_dir(x, dir, d);
    return create_name(d, &rest);
}

int fat_find(struct fat_fs *x, uint32_t dir, const char *name, struct fat_entry *out)
{
    FF_DIR d;
    FRESULT result = start_name(x, dir, name, &d);

    if (result == FR_OK) {
        result = dir_find(&d);
    }
    if (result == FR_OK) {
        take_entry(x, &d, out);
    }
    return error_of(x, result);
}

int fat_add(struct fat_fs *x, uint32_t dir, const char *name, struct fat_entry *entry)
{
    FF_DIR d;
    FRESULT result = start_name(x, dir, name, &d);

    if (result == FR_OK) {
        result = dir_register(&d);
    }
    if (result == FR_OK) {
        give_entry(x, d.dir, entry);
        entry->position = ((uint64_t)d.sect * SS(&x->ff) + (uint64_t)(d.dir - x->ff.win)) / FAT_ENTRY_BYTES;
    }
    return error_of(x, result);
}

int fat_remove(struct fat_fs *x, uint32_t dir, const struct fat_entry *entry)
{
    FF_DIR d;
    FRESULT result;

    start_dir(x, dir, &d);
    result = dir_sdi(&d, entry->offset);
    d.blk_ofs = entry->first;
    return error_of(x, result == FR_OK ? dir_remove(&d) : result);
}

/* As dir_sdi(), from where the last call was. 1, or 0 behind the end. */
static int seek_dir(struct fat_fs *x, struct fat_node *dir, uint32_t offset, FF_DIR *d)
{
    uint32_t at = 0, cluster = dir->cluster, end = (offset / x->cluster_bytes) * x->cluster_bytes;
    int rc = 0;

    start_dir(x, dir->cluster, d);
    if (offset >= MAX_DIR) {
        return 0;
    }
    if (cluster == 0 && x->ff.fs_type == FS_FAT32) {
        cluster = x->ff.dirbase;
    }
    if (cluster == 0) {
        if (offset / FAT_ENTRY_BYTES >= x->ff.n_rootdir) {
            return 0;
        }
        rc = error_of(x, dir_sdi(d, offset));
        return rc != 0 ? rc : 1;
    }
    if (dir->list_cluster != 0 && dir->list_offset <= end) {
        at = dir->list_offset;
        cluster = dir->list_cluster;
    }
    for (; rc == 0 && cluster != 0 && at < end; at += x->cluster_bytes) {
        rc = fat_next(x, cluster, &cluster);
    }
    if (rc != 0 || cluster == 0) {
        return rc;
    }
    dir->list_offset = end;
    dir->list_cluster = cluster;
    d->dptr = offset;
    d->clust = cluster;
    d->sect = clst2sect(&x->ff, cluster) + offset % x->cluster_bytes / SS(&x->ff);
    d->dir = x->ff.win + offset % SS(&x->ff);
    return 1;
}

/* Names come from whoever wrote the disk: no path must fall apart over them. */
static void take_name(FF_DIR *d, struct fat_entry *out)
{
    FILINFO info;

    get_fileinfo(d, &info);
    out->length = (unsigned int)strlen(info.fname);
    for (unsigned int i = 0; i < out->length; i++) {
        out->name[i] = info.fname[i] == '/' || (unsigned char)info.fname[i] < ' ' ? '?' : info.fname[i];
    }
    out->name[out->length] = '\0';
    if (strcmp(out->name, ".") == 0 || strcmp(out->name, "..") == 0) {
        out->name[0] = '?';
    }
}

int fat_list_at(struct fat_fs *x, struct fat_node *dir, uint32_t offset, struct fat_entry *out)
{
    FF_DIR d;
    FRESULT result;
    int rc = seek_dir(x, dir, offset, &d);

    if (rc != 1) {
        return rc;
    }
    result = dir_read(&d, 0);
    if (result != FR_OK) {
        return result == FR_NO_FILE ? 0 : error_of(x, result);
    }
    take_entry(x, &d, out);
    take_name(&d, out);
    return 1;
}

int fat_is_empty(struct fat_fs *x, uint32_t dir)
{
    FF_DIR d;
    FRESULT result;

    start_dir(x, dir, &d);
    result = dir_sdi(&d, 0);
    if (result == FR_OK) {
        result = dir_read(&d, 0);
    }
    return result == FR_OK ? -ENOTEMPTY : result == FR_NO_FILE ? 0 : error_of(x, result);
}

int fat_put_entry(struct fat_fs *x, uint64_t position, const struct fat_entry *entry)
{
    uint64_t byte = position * FAT_ENTRY_BYTES;
    FRESULT result = move_window(&x->ff, (DWORD)(byte / SS(&x->ff)));

    if (result == FR_OK) {
        give_entry(x, x->ff.win + byte % SS(&x->ff), entry);
    }
    return error_of(x, result);
}

/* "." or "..". The root is called 0 there, whichever cluster it has. */
static void make_dot(struct fat_fs *x, BYTE *e, unsigned int dots, uint32_t cluster,
                     const struct fat_stamps *stamps)
{
    const struct fat_entry entry = {.attributes = FAT_DIRECTORY, .cluster = cluster, .stamps = *stamps};

    memset(e, ' ', 11);
    memset(e, '.', dots);
    give_entry(x, e, &entry);
}

/* Nothing on the disk leads to the cluster yet: it can be written at once. */
int fat_make_dir(struct fat_fs *x, uint32_t parent, const struct fat_stamps *stamps, uint32_t *out)
{
    int rc = fat_append(x, 0, out);

    if (rc == 0) {
        rc = error_of(x, dir_clear(&x->ff, *out));
        if (rc == 0) {
            make_dot(x, x->ff.win, 1, *out, stamps);
            make_dot(x, x->ff.win + FAT_ENTRY_BYTES, 2, parent, stamps);
            rc = fat_put(x, fat_place(x, *out), x->ff.win, SS(&x->ff));
            x->ff.wflag = 0;
        }
        if (rc != 0) {
            x->ff.winsect = 0xffffffff;
            x->ff.wflag = 0;
            (void)fat_lose(x, *out, 0);
        }
    }
    return rc;
}

int fat_set_parent(struct fat_fs *x, uint32_t cluster, uint32_t parent)
{
    BYTE *e = x->ff.win + FAT_ENTRY_BYTES;
    FRESULT result = move_window(&x->ff, clst2sect(&x->ff, cluster));

    if (result == FR_OK && memcmp(e, "..         ", 11) != 0) {
        return fat_damaged(x, "a directory without \"..\"");
    }
    if (result == FR_OK) {
        st_clust(&x->ff, e, parent);
        x->ff.wflag = 1;
    }
    return error_of(x, result);
}
