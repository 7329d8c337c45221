// SPDX-License-Identifier: MIT
/*
 * RAM for the page allocator alone; apart from fake_boot.c, so that tests without threads need not
 * link them.
 */
#include <stdlib.h>
#include <string.h>

#include <fake.h>
#include <xenolith/page.h>

void fake_boot_pages(size_t nr_pages)
{
    char *ram = fake_ram_map(nr_pages);
    struct pfn start = virt_to_pfn(ram);
    struct pfn end = {start.n + nr_pages};
    size_t bytes = page_meta_bytes(end);
    void *meta = malloc(bytes); /* for as long as the program runs */

    memset(meta, 0xa5, bytes);
    page_init(end, meta);
    page_add(start, end);
}
