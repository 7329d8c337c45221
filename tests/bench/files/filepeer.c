// SPDX-License-Identifier: MIT
/* The Linux guest's: the kernel's own counters of the disk; what it pays for them it does not tell. */
#include <stdio.h>

#include "filebench.c"

const char *const bench_count_names[NR_COUNTS] = {"requests", "KiB read", "KiB written",
                                                  "reads",    "writes",   "flushes"};

void bench_count(struct bench_counts *out)
{
    /* As Documentation/block/stat.rst of Linux has it. */
    unsigned long long v[17] = {0};
    FILE *file = fopen("/sys/block/xvda/stat", "r");

    for (unsigned int i = 0; file != NULL && i < 17 && fscanf(file, "%llu", &v[i]) == 1; i++) {
    }
    if (file != NULL) {
        fclose(file);
    }
    *out = (struct bench_counts){{v[0] + v[4] + v[15], v[2] / 2, v[6] / 2, v[0], v[4], v[15]}};
}
