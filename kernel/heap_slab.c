// SPDX-License-Identifier: MIT
/*
 * Small objects: slabs of 1 to 4 pages, each cut into objects of one size class. Which objects are
 * free is a bitmap in the slab's header, not links in the objects: a stale pointer has nothing to
 * destroy there, and freeing twice or freeing what is no object is always noticed. Owns the slabs;
 * at most one empty slab a class is kept.
 */
#include <xenolith/list.h>
#include <xenolith/page.h>
#include <xenolith/panic.h>

#include "heap_priv.h"
#include "page_priv.h"

#define MAP_WORDS 4

/**
 * struct slab - At the start of the slab's first page. 64 bytes, so that the first object is
 * aligned to as much.
 * @link: In its class's list while it has a free object.
 * @free: Bit n: object n is free.
 * @magic: Depends on the address, so that a header written over is noticed.
 */
struct slab {
    struct list link;
    uint64_t free[MAP_WORDS];
    uint16_t nr_free;
    uint8_t class;
    uint32_t magic;
} ALIGNED(SLAB_MAX_ALIGN);

/*
 * The object sizes, and log2 of the pages a slab of each has: chosen so that at most an eighth of a
 * slab is left over.
 */
static const struct class_def {
    uint16_t bytes;
    uint8_t order;
} defs[] = {
    {16, 0},  {32, 0},   {48, 0},   {64, 0},   {80, 0},   {96, 0},   {112, 0},  {128, 0},  {160, 0},
    {192, 0}, {224, 0},  {256, 0},  {320, 0},  {384, 0},  {448, 0},  {512, 0},  {640, 1},  {768, 1},
    {896, 1}, {1024, 1}, {1280, 2}, {1536, 2}, {1792, 2}, {2048, 2}, {2688, 2}, {3264, 2},
};

#define NR_CLASSES ARRAY_SIZE(defs)
#define MAX_ORDER  2

/**
 * struct class - The running state of a size class.
 * @usable:   Slabs with a free object; the one to take from is first.
 * @empty:    One slab without objects, not in @usable; or NULL.
 * @inverse:  ceil(2^32 / bytes): offset * inverse >> 32 is the object's number.
 */
static struct class {
    struct list usable;
    struct slab *empty;
    uint64_t inverse;
    uint16_t bytes;
    uint16_t nr_objects;
    uint8_t order;
} classes[NR_CLASSES];

/* Class of a size in units of HEAP_ALIGN, rounded up. */
static uint8_t class_of[SLAB_MAX / HEAP_ALIGN + 1];
static bool ready;

_Static_assert(sizeof(struct slab) == SLAB_MAX_ALIGN && SLAB_MAX % SLAB_MAX_ALIGN == 0,
               "an object is aligned to what its header leaves");

static uint32_t slab_magic(const struct slab *s)
{
    return (uint32_t)((uintptr_t)s >> PAGE_SHIFT) * 2654435761U ^ 0x51ab51abU;
}

static void slab_check(const struct slab *s)
{
    if (UNLIKELY(s->magic != slab_magic(s) || s->class >= NR_CLASSES)) {
        panic("heap: the header of slab %p was written over", (const void *)s);
    }
}

static size_t slab_pages_bytes(const struct class *c)
{
    return PAGE_SIZE << c->order;
}

static void slab_release(struct class *c, struct slab *s)
{
    heap_stats.held_bytes -= slab_pages_bytes(c);
    page_mark_slab(s, c->order, false);
    page_free(s, c->order);
}

/* Memory runs out: give back the empty slabs that are kept. */
static bool slab_reclaim(void)
{
    bool any = false;

    for (unsigned int i = 0; i < NR_CLASSES; i++) {
        if (classes[i].empty != NULL) {
            slab_release(&classes[i], classes[i].empty);
            classes[i].empty = NULL;
            any = true;
        }
    }
    return any;
}

static COLD void classes_init(void)
{
    static struct page_reclaimer reclaimer = {.fn = slab_reclaim};
    size_t units = 0;

    for (unsigned int i = 0; i < NR_CLASSES; i++) {
        struct class *c = &classes[i];

        list_init(&c->usable);
        c->bytes = defs[i].bytes;
        c->order = defs[i].order;
        c->nr_objects = (uint16_t)((slab_pages_bytes(c) - sizeof(struct slab)) / c->bytes);
        c->inverse = ((UINT64_C(1) << 32) + c->bytes - 1) / c->bytes;
        ASSERT(c->nr_objects <= MAP_WORDS * 64 && c->order <= MAX_ORDER);
        while (units * HEAP_ALIGN <= c->bytes) {
            class_of[units++] = (uint8_t)i;
        }
    }
    page_reclaimer_add(&reclaimer);
    ready = true;
}

static struct slab *slab_create(struct class *c)
{
    struct slab *s = c->empty;

    if (s != NULL) {
        c->empty = NULL;
    } else {
        s = page_alloc(c->order);
        if (s == NULL) {
            return NULL;
        }
        page_mark_slab(s, c->order, true);
        heap_stats.held_bytes += slab_pages_bytes(c);
        s->nr_free = c->nr_objects;
        s->class = (uint8_t)(c - classes);
        s->magic = slab_magic(s);
        for (unsigned int i = 0; i < MAP_WORDS; i++) {
            unsigned int from = i * 64;
            unsigned int nr = c->nr_objects > from ? MIN(c->nr_objects - from, 64U) : 0;

            s->free[i] = nr == 64 ? UINT64_MAX : (UINT64_C(1) << nr) - 1;
        }
    }
    list_push_front(&c->usable, &s->link);
    return s;
}

static void *slab_take(struct class *c, struct slab *s)
{
    unsigned int word = 0;
    unsigned int bit;

    while (s->free[word] == 0) {
        word++;
    }
    bit = (unsigned int)__builtin_ctzl(s->free[word]);
    s->free[word] &= s->free[word] - 1;
    if (--s->nr_free == 0) {
        list_remove(&s->link);
    }
    heap_stats.used_bytes += c->bytes;
    return (char *)(s + 1) + (size_t)(word * 64 + bit) * c->bytes;
}

void *slab_alloc(size_t bytes, size_t align)
{
    struct class *c;
    struct slab *s;

    if (UNLIKELY(!ready)) {
        classes_init();
    }
    c = &classes[class_of[(bytes + HEAP_ALIGN - 1) / HEAP_ALIGN]];
    while (UNLIKELY((c->bytes & (align - 1)) != 0)) {
        c++; /* the largest class is a multiple of SLAB_MAX_ALIGN */
    }
    if (LIKELY(!list_is_empty(&c->usable))) {
        s = list_entry(c->usable.next, struct slab, link);
        slab_check(s);
    } else {
        s = slab_create(c);
        if (s == NULL) {
            return NULL;
        }
    }
    return slab_take(c, s);
}

/* The slab and number of an object. Panics unless @ptr is where an object begins. */
static struct slab *slab_find(const void *ptr, unsigned int *number)
{
    unsigned long pfn = virt_to_pfn(ptr).n;
    unsigned int order = 0;
    struct slab *s;
    struct class *c;
    size_t offset;

    /* Only the first page of a block has its order; it lies at a multiple of the block's size. */
    while (page_state(pfn) == META_TAIL && order < MAX_ORDER) {
        order++;
        pfn &= ~(pages_of(order) - 1);
    }
    s = pfn_to_virt((struct pfn){pfn});
    if (UNLIKELY(page_state(pfn) < META_SLAB || page_state(pfn) > (META_SLAB | MAX_ORDER))) {
        panic("heap: %p is not on the heap", ptr);
    }
    slab_check(s);
    c = &classes[s->class];
    offset = (uintptr_t)ptr - (uintptr_t)(s + 1);
    *number = (unsigned int)((offset * c->inverse) >> 32);
    if (UNLIKELY((uintptr_t)ptr < (uintptr_t)(s + 1) || *number >= c->nr_objects ||
                 (size_t)*number * c->bytes != offset)) {
        panic("heap: %p is not where an object begins", ptr);
    }
    return s;
}

void slab_free(void *ptr)
{
    unsigned int number;
    struct slab *s = slab_find(ptr, &number);
    struct class *c = &classes[s->class];
    uint64_t bit = UINT64_C(1) << (number % 64);

    if (UNLIKELY(s->free[number / 64] & bit)) {
        panic("heap: double free of %p (%u bytes)", ptr, c->bytes);
    }
    if (JUNK_FILL) {
        memset(ptr, JUNK_FREED, c->bytes);
    }
    s->free[number / 64] |= bit;
    heap_stats.used_bytes -= c->bytes;
    if (s->nr_free++ == 0) {
        list_push_front(&c->usable, &s->link);
    }
    if (UNLIKELY(s->nr_free == c->nr_objects)) {
        list_remove(&s->link);
        if (c->empty != NULL) {
            slab_release(c, s);
        } else {
            c->empty = s;
        }
    }
}

size_t slab_size(const void *ptr)
{
    unsigned int number;
    const struct slab *s = slab_find(ptr, &number);

    if (UNLIKELY(s->free[number / 64] & (UINT64_C(1) << (number % 64)))) {
        panic("heap: %p is used after its free", ptr);
    }
    return classes[s->class].bytes;
}
