// SPDX-License-Identifier: MIT
/*
 * Claims about ext where there is much of something: more names in a directory than are kept in memory.
 */
#include "ext_fixture.h"
#include "unit.h"

static void many_names_fit_into_a_directory(void **state)
{
    struct fs *fs;
    char path[64];

    (void)state;
    make_file_system("-t ext3 -b 2048 -O dir_index -N 4000");
    fs = mount_disk();
    for (unsigned int i = 1; i <= 2500; i++) {
        struct file *file;
        int rc;

        snprintf(path, sizeof(path), "/data/%u", i);
        rc = path_open(NULL, path, PATH_CREATE | PATH_WRITE, 0644, &file);
        if (rc != 0) {
            fprintf(stderr, "%s: %d\n", path, rc);
        }
        assert_int_equal(rc, 0);
        file_put(file);
    }
    assert_int_equal(fs_unmount(fs), 0);
    assert_true(is_clean());
}

static int boot(void **state)
{
    (void)state;
    boot_with_disk(32 << 20);
    boot_info.nr_pages = 2000; /* as many names */
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_names_fit_into_a_directory),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
