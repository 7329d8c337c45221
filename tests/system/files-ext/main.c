// SPDX-License-Identifier: MIT
/*
 * ext2, ext3 and ext4 on a disk: random work on files leaves what it should, seen again after the end of the domain; and e2fsck in
 * dom0 finds a clean file system. run.sh says what to do: `work SEED STEPS` or `check SEED STEPS`, the model being in memory.
 */
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "file_work.h"

int main(int argc, char **argv)
{
    uint64_t seed = argc > 3 ? strtoul(argv[2], NULL, 0) : 1;
    unsigned int steps = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 0) : 0;
    struct statvfs vfs;

    CHECK_EQUAL(mkdir("/data", 0755), 0);
    CHECK_EQUAL(mkdir("/tmp/model", 0755), 0);
    if (mount("/dev/xvda", "/data", "auto", 0, NULL) != 0) {
        test_failure("mount: %s", strerror(errno));
    }
    CHECK_EQUAL(statvfs("/data", &vfs), 0);
    CHECK(vfs.f_bfree > 0);
    if (argc > 1 && strcmp(argv[1], "work") == 0) {
        work_both("/tmp/model", "/data", seed, steps);
    } else {
        for (unsigned int i = 0; i < steps; i++) {
            int error;

            (void)work_step("/tmp/model", seed * 1000003 + i, &error);
        }
    }
    printf("%u files and directories are the same\n", compare_trees("/tmp/model", "/data"));
    if (argc > 4) {
        CHECK_EQUAL(umount("/data"), 0);
    }
    test_success();
}
