// SPDX-License-Identifier: MIT
/*
 * What filebench.c asks of the guest it runs in: how much has reached the disk, and at what price.
 */
#ifndef FILEBENCH_H
#define FILEBENCH_H

#include <stdint.h>

#define NR_COUNTS 6

struct bench_counts {
    uint64_t of[NR_COUNTS];
};

extern const char *const bench_count_names[NR_COUNTS];

/** bench_count() - Since the start of the guest. */
void bench_count(struct bench_counts *out);

#endif
