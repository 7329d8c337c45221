// SPDX-License-Identifier: MIT
/*
 * What connections have in common: a quarter of memory for what was sent and is not acknowledged, as much for what came and was not
 * read. Bounds each connection by what the others have left.
 */
#include "stream.h"

#include <xenolith/page.h>

#define ALWAYS 16384U

struct stream_share stream_sending, stream_receiving;

static uint64_t size_of_share(void)
{
    static uint64_t bytes;
    struct page_stats stats;

    if (bytes == 0) {
        page_get_stats(&stats);
        bytes = (uint64_t)stats.total * 4096 / 4;
    }
    return bytes;
}

uint32_t stream_share_limit(const struct stream_share *share)
{
    uint64_t size = size_of_share();
    uint64_t limit = size > share->used ? (size - share->used) / 2 : 0;

    return limit < ALWAYS ? ALWAYS : limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
}
