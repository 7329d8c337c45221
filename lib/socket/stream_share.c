// SPDX-License-Identifier: MIT
/*
 * What connections have in common: a sixth of memory for what was sent and is not acknowledged, as much for what came and was not
 * read. Each connection is bounded by what the others have left.
 */
#include "stream.h"

#include <xenolith/page.h>

#define SHARE 6

struct stream_share stream_sending, stream_receiving;

void stream_share_init(void)
{
    struct page_stats stats;

    page_get_stats(&stats);
    stream_sending.bytes = (uint64_t)stats.total * 4096 / SHARE;
    stream_receiving.bytes = stream_sending.bytes;
}
