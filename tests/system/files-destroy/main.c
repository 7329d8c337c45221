// SPDX-License-Identifier: MIT
/*
 * Claim: after `xl destroy` in the middle of work on files the next mount finds all that was synced, again and again on the same disk; a disk
 * that cannot be written to is mounted for reading, or refused where its journal would have to be replayed first. run.sh destroys.
 * "work LAST" looks for the files 1 to LAST and goes on behind them; "agent" does what it is told.
 */
#include "file_agent.h"

#define STEPS 4

static unsigned long bytes_of(unsigned long number)
{
    return number * 7919 % 9000 + 1;
}

/* synced-NUMBER holds the pattern of that seed. */
static uint32_t sum_of(unsigned long number)
{
    agent_fill(number, 0);
    return agent_sum(0, agent_piece, bytes_of(number));
}

static void expect_file(unsigned long number)
{
    char path[40];
    uint32_t sum;
    long bytes;

    snprintf(path, sizeof(path), "/data/synced-%lu", number);
    bytes = agent_sum_file(path, &sum);
    if (bytes != (long)bytes_of(number) || sum != sum_of(number)) {
        test_failure("%s was synced and is not there as it was: %ld bytes, errno %d", path, bytes, errno);
    }
}

static void sync_file(unsigned long number)
{
    char path[40];
    int fd;

    snprintf(path, sizeof(path), "/data/synced-%lu", number);
    fd = open(path, O_WRONLY | O_CREAT, 0644);
    CHECK(fd >= 0);
    CHECK_EQUAL(agent_write_at(fd, bytes_of(number), number, 0), bytes_of(number));
    CHECK_EQUAL(fsync(fd), 0);
    CHECK_EQUAL(close(fd), 0);
    printf("synced %lu %08x\n", number, (unsigned int)sum_of(number));
    fflush(stdout);
}

static void work(unsigned long last)
{
    for (unsigned long i = 1; i <= last; i++) {
        expect_file(i);
    }
    printf("found %lu\n", last);
    mkdir("/data/work", 0755);
    for (unsigned long i = last + 1;; i++) {
        sync_file(i);
        for (unsigned int j = 0; j < STEPS; j++) {
            int error;

            (void)work_step("/data/work", i * 1000 + j, &error);
        }
    }
}

int main(int argc, char **argv)
{
    CHECK_EQUAL(mkdir("/data", 0755), 0);
    if (argc > 2 && strcmp(argv[1], "work") == 0) {
        if (mount("/dev/xvda", "/data", "ext4", 0, NULL) != 0) {
            test_failure("mount: %s", strerror(errno));
        }
        work(strtoul(argv[2], NULL, 0));
    }
    agent_main();
    test_success();
}
