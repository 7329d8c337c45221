// SPDX-License-Identifier: MIT
/*
 * Names of disks: what the toolstack meant by a virtual-device number. Never reads xenstore.
 * ABI: Xen's docs/man/xen-vbd-interface.7: major << 8 | minor of Linux's old device numbers, or bit 28 and 20 bits of disk, 8 of partition.
 */
#include <xenolith/printk.h>

#include "blkfront_priv.h"

#define EXTENDED (UINT64_C(1) << 28)

/** struct family - The disks of one major number: @per_major of them, from @first on, each with 1 << @shift minors. */
struct family {
    uint8_t major;
    char prefix[4];
    uint8_t shift;
    uint16_t first, per_major;
};

static const struct family families[] = {
    {202, "xvd", 4, 0, 16},  {3, "hd", 6, 0, 2},      {22, "hd", 6, 2, 2},     {33, "hd", 6, 4, 2},
    {34, "hd", 6, 6, 2},     {56, "hd", 6, 8, 2},     {57, "hd", 6, 10, 2},    {88, "hd", 6, 12, 2},
    {89, "hd", 6, 14, 2},    {90, "hd", 6, 16, 2},    {91, "hd", 6, 18, 2},    {8, "sd", 4, 0, 16},
    {65, "sd", 4, 16, 16},   {66, "sd", 4, 32, 16},   {67, "sd", 4, 48, 16},   {68, "sd", 4, 64, 16},
    {69, "sd", 4, 80, 16},   {70, "sd", 4, 96, 16},   {71, "sd", 4, 112, 16},  {128, "sd", 4, 128, 16},
    {129, "sd", 4, 144, 16}, {130, "sd", 4, 160, 16}, {131, "sd", 4, 176, 16}, {132, "sd", 4, 192, 16},
    {133, "sd", 4, 208, 16}, {134, "sd", 4, 224, 16}, {135, "sd", 4, 240, 16},
};

/** letters() - a to z, aa to zz, aaa...: what 20 bits need is short. */
static const char *letters(char out[8], unsigned int disk)
{
    char *at = out + 7;

    *at = '\0';
    disk++;
    do {
        disk--;
        *--at = (char)('a' + disk % 26);
        disk /= 26;
    } while (disk != 0);
    return at;
}

static void compose(char *name, size_t bytes, const char *prefix, unsigned int disk, unsigned int partition)
{
    char buf[8];

    if (partition == 0) {
        (void)ksnprintf(name, bytes, "%s%s", prefix, letters(buf, disk));
    } else {
        (void)ksnprintf(name, bytes, "%s%s%u", prefix, letters(buf, disk), partition);
    }
}

void blkfront_name(char *name, size_t bytes, uint64_t virtual_device)
{
    unsigned int minor = (unsigned int)(virtual_device & 0xff);

    if ((virtual_device & EXTENDED) && virtual_device < 2 * EXTENDED) {
        compose(name, bytes, "xvd", (unsigned int)(virtual_device >> 8 & 0xfffff), minor);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(families) && virtual_device < 0x10000; i++) {
        const struct family *f = &families[i];
        unsigned int disk = minor >> f->shift;

        if (f->major == virtual_device >> 8 && disk < f->per_major) {
            compose(name, bytes, f->prefix, f->first + disk, minor & ((1U << f->shift) - 1));
            return;
        }
    }
    (void)ksnprintf(name, bytes, "vbd%lu", (unsigned long)(virtual_device & 0xffffffff));
}
