// SPDX-License-Identifier: MIT
/*
 * Grants that did not end because the backend still used them: in quarantine, but tried again when a disk connects and when memory is short.
 * A backend that was given up lets go when the toolstack ends it, and Linux's says Closed while requests are still under way below it.
 */
#include <xenolith/heap.h>
#include <xenolith/page.h>

#include "blkfront_priv.h"

struct stuck {
    struct stuck *next;
    void *page;      /* freed with it; NULL: none of ours */
    grant_ref_t ref; /* NO_REF: ended */
};

static struct stuck *stuck;

static bool end_all(void)
{
    bool freed = false;

    for (struct stuck *s = stuck; s != NULL; s = s->next) {
        if (s->ref != NO_REF && gnttab_end(s->ref) == 0) {
            s->ref = NO_REF;
            if (s->page != NULL) {
                page_free_exact(s->page, 1);
                freed = true;
            }
        }
    }
    return freed;
}

/* The heap may be in the middle of something, so the records stay until stuck_retry(). */
static struct page_reclaimer reclaimer = {.fn = end_all};

void stuck_add(grant_ref_t ref, void *page)
{
    struct stuck *s = heap_alloc(sizeof(*s));

    if (s == NULL) {
        if (page != NULL) {
            page_quarantine(page);
        }
        return;
    }
    page_reclaimer_add(&reclaimer);
    *s = (struct stuck){.next = stuck, .page = page, .ref = ref};
    stuck = s;
}

void stuck_retry(void)
{
    struct stuck **at = &stuck;

    (void)end_all();
    while (*at != NULL) {
        struct stuck *s = *at;

        if (s->ref == NO_REF) {
            *at = s->next;
            heap_free(s);
        } else {
            at = &s->next;
        }
    }
}
