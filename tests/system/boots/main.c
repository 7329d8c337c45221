// SPDX-License-Identifier: MIT
/*
 * Claim: the image boots in the mode that the domain's type says, with its RAM known and its clock running.
 */
#include <xenolith/boot.h>
#include <xenolith/page.h>
#include <xenolith/time.h>

#include <string.h>

#include "system_test.h"

int main(int argc, char **argv)
{
    struct page_stats pages;
    uint64_t before = time_monotonic_ns();

    CHECK_EQUAL(argc, 2);
    CHECK_EQUAL(boot_is_pv(), strcmp(argv[1], "pv") == 0);
    CHECK_EQUAL(boot_info.nr_pages, 16 << (20 - PAGE_SHIFT));
    page_get_stats(&pages);
    CHECK(pages.free > boot_info.nr_pages * 9 / 10);
    CHECK(pages.free <= boot_info.nr_pages);
    CHECK(boot_info.first_tsc != 0);
    CHECK(before != 0);
    while (time_monotonic_ns() == before) {
    }
    CHECK(time_wall_ns() / NS_PER_SEC > 1700000000);
    test_success();
}
