// SPDX-License-Identifier: MIT
/*
 * FatFs's configuration, in place of its ffconf.h. Its functions get names of our own, so that a program may bring its own FatFs.
 */
#ifndef FAT_CONFIG_H
#define FAT_CONFIG_H

#define FFCONF_DEF 86604

#define FF_FS_READONLY    0
#define FF_FS_MINIMIZE    0
#define FF_USE_STRFUNC    0
#define FF_USE_FIND       0
#define FF_USE_MKFS       0
#define FF_USE_FASTSEEK   0
#define FF_USE_EXPAND     0
#define FF_USE_CHMOD      0
#define FF_USE_LABEL      0
#define FF_USE_FORWARD    0
#define FF_CODE_PAGE      437 /* of short names: what Linux takes them for */
#define FF_USE_LFN        1
#define FF_MAX_LFN        255
#define FF_LFN_UNICODE    2   /* names are UTF-8 */
#define FF_LFN_BUF        255 /* FS_NAME_LIMIT: what is longer shows its short name */
#define FF_SFN_BUF        34
#define FF_STRF_ENCODE    3
#define FF_FS_RPATH       0
#define FF_VOLUMES        1
#define FF_STR_VOLUME_ID  0
#define FF_MULTI_PARTITION 0
#define FF_MIN_SS         512
#define FF_MAX_SS         4096
#define FF_USE_TRIM       0
#define FF_FS_NOFSINFO    0
#define FF_FS_TINY        1
#define FF_FS_EXFAT       0
#define FF_FS_NORTC       1
#define FF_NORTC_MON      1
#define FF_NORTC_MDAY     1
#define FF_NORTC_YEAR     1980
#define FF_FS_LOCK        0
#define FF_FS_REENTRANT   0

#define f_mount    fat_ff_mount
#define f_umount   fat_ff_umount
#define f_open     fat_ff_open
#define f_read     fat_ff_read
#define f_write    fat_ff_write
#define f_sync     fat_ff_sync
#define f_close    fat_ff_close
#define f_lseek    fat_ff_lseek
#define f_opendir  fat_ff_opendir
#define f_closedir fat_ff_closedir
#define f_readdir  fat_ff_readdir
#define f_stat     fat_ff_stat
#define f_getfree  fat_ff_getfree
#define f_truncate fat_ff_truncate
#define f_unlink   fat_ff_unlink
#define f_mkdir    fat_ff_mkdir
#define f_rename   fat_ff_rename
#define ff_oem2uni fat_ff_oem2uni
#define ff_uni2oem fat_ff_uni2oem
#define ff_wtoupper fat_ff_wtoupper
#define disk_read  fat_disk_read
#define disk_write fat_disk_write
#define disk_ioctl fat_disk_ioctl

#endif
