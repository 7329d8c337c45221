// SPDX-License-Identifier: MIT
/*
 * Claims about disks that lie: images of many kinds, tampered with at random, do no harm whatever is done with them: no crash, no end of the
 * program, no call that does not come back, and no memory without bounds.
 */
#include "ext_hostile.h"
#include "unit.h"

#include <signal.h>

#define ROUNDS       1500
#define ROUND_LIMIT_S 30

static unsigned char script[200];

/* Memory as in a domain: what is too much is refused. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1:max_allocation_size_mb=256:hard_rss_limit_mb=2048:handle_abort=1";
}

static void too_long(int signal)
{
    static const char text[] = "a round does not end\n";

    (void)signal;
    (void)!write(2, text, sizeof(text) - 1);
    abort();
}

static void a_disk_that_lies_does_no_harm(void **state)
{
    unsigned int mounted = 0, steps = 0;

    (void)state;
    signal(SIGALRM, too_long);
    for (unsigned int round = 0; round < ROUNDS; round++) {
        unsigned int one;

        for (size_t i = 0; i < sizeof(script); i++) {
            script[i] = (unsigned char)fake_random();
        }
        alarm(ROUND_LIMIT_S);
        one = hostile_run(script, sizeof(script));
        alarm(0);
        mounted += one > 0;
        steps += one;
    }
    print_message("%u of %u were mounted, %u calls\n", mounted, ROUNDS, steps);
    assert_true(mounted > ROUNDS / 8);
}

static void a_directory_that_lies_about_its_length_ends(void **state)
{
    struct dir_entry *entry = calloc(1, sizeof(*entry));
    unsigned int nr = 0;
    struct fs *fs;

    (void)state;
    make_file_system("-t ext4 -O ^metadata_csum");
    assert_int_equal(tool("/sbin/debugfs -w -R 'set_inode_field / size 4611686018427387904' %s"), 0);
    fs = mount_disk();
    while (fs->root->ops->list(fs->root, entry->next, entry) == 1) {
        nr++;
    }
    assert_int_equal(nr, 1); /* lost+found */
    free(entry);
    assert_int_equal(fs_unmount(fs), 0);
}

static void put_big_endian(unsigned char *at, uint32_t value)
{
    for (int i = 3; i >= 0; i--, value >>= 8) {
        at[i] = (unsigned char)value;
    }
}

/* Block after block of one transaction that has no end. */
static void a_journal_that_never_ends_is_refused(void **state)
{
    char text[20000] = "", *at = text;
    unsigned char *journal = NULL;
    struct fs *fs;

    (void)state;
    make_file_system("-t ext3 -b 1024 -J size=1");
    assert_int_equal(tool("/sbin/debugfs -R 'blocks <8>' %s 2>/dev/null | cat"), 0);
    assert_true(pread(log_fd, text, sizeof(text) - 1, 0) > 0);
    for (unsigned long block = strtoul(at, &at, 10); block > 0; block = strtoul(at, &at, 10)) {
        unsigned char *here = disk.bytes + block * HOSTILE_BLOCK;

        if (journal == NULL) {
            journal = here;
            put_big_endian(journal + 24, 7); /* s_sequence */
            put_big_endian(journal + 28, 1); /* s_start */
            continue;
        }
        put_big_endian(here, 0xc03b3998);
        put_big_endian(here + 4, 5); /* revoked blocks */
        put_big_endian(here + 8, 7);
        put_big_endian(here + 12, 16);
    }
    disk.bytes[1024 + 0x60] |= 4; /* needs_recovery */
    signal(SIGALRM, too_long);
    alarm(ROUND_LIMIT_S);
    assert_true(try_mount(&fs) < 0);
    alarm(0);
}

static int boot(void **state)
{
    (void)state;
    hostile_make();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directory_that_lies_about_its_length_ends),
        cmocka_unit_test(a_journal_that_never_ends_is_refused),
        cmocka_unit_test(a_disk_that_lies_does_no_harm),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
