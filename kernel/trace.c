// SPDX-License-Identifier: MIT
/*
 * The trace buffer: a header page and a ring of records, allocated when the first class is turned on, oldest records
 * overwritten. Writing is in this file; what records mean is known to tools/xenolith-trace only.
 */
#include <xenolith/trace.h>

#include <stdbool.h>
#include <stddef.h>

#include <xenolith/boot.h>
#include <xenolith/errno.h>
#include <xenolith/irq.h>
#include <xenolith/page.h>
#include <xenolith/sched.h>
#include <xenolith/string.h>
#include <xenolith/types.h>
#include <xenolith/vm.h>

#include <arch/cpu.h>

#include "trace_priv.h"

#define DEFAULT_KIB 160
#define MAX_KIB     65536
#define INDEX_GFNS  (PAGE_SIZE / sizeof(uint64_t)) /* in one index frame */

_Static_assert(sizeof(struct trace_header) <= PAGE_SIZE, "the header is one page");
_Static_assert(sizeof(struct trace_record) == 40 && offsetof(struct trace_header, names) == 120,
               "tools/xenolith-trace knows these offsets");
_Static_assert(1 + ((size_t)MAX_KIB << 10) / PAGE_SIZE <= TRACE_MAX_INDEX * INDEX_GFNS,
               "the index holds the largest buffer");

uint32_t trace_mask;

static struct trace_header *header;
static struct trace_record *ring;
static uint32_t wanted_kib = DEFAULT_KIB;

/* Header and ring. */
static size_t data_pages(uint32_t capacity)
{
    return 1 + (capacity * sizeof(struct trace_record) + PAGE_SIZE - 1) / PAGE_SIZE;
}

static size_t index_pages(uint32_t capacity)
{
    return (data_pages(capacity) + INDEX_GFNS - 1) / INDEX_GFNS;
}

/* The largest power of two of records that @kib holds. */
static uint32_t capacity_of(uint32_t kib)
{
    size_t records = ((size_t)kib << 10) / sizeof(struct trace_record);

    return 1U << (31 - __builtin_clz((uint32_t)records));
}

/* The clock may not be there yet when tracing starts, so this is done again before the buffer is read. */
static void note_clock(void)
{
    const struct vcpu_time_info *time = &shared_info.vcpu_info[0].time;

    header->tsc_mul = READ_ONCE(time->tsc_to_system_mul);
    header->tsc_shift = READ_ONCE(time->tsc_shift);
}

/* Tell a reader in dom0 where the frames are: as PV they lie anywhere in the machine. */
static void note_frames(void)
{
    size_t nr = data_pages(header->capacity);
    char *buffer = (char *)header;
    uint64_t *index = (uint64_t *)(buffer + nr * PAGE_SIZE);

    for (size_t i = 0; i < nr; i++) {
        index[i] = virt_to_gfn(buffer + i * PAGE_SIZE).n;
    }
    for (size_t i = 0; i < index_pages(header->capacity); i++) {
        header->index[i] = virt_to_gfn((char *)index + i * PAGE_SIZE).n;
    }
    header->nr_frames = (uint32_t)nr;
}

static int buffer_alloc(void)
{
    uint32_t capacity = capacity_of(wanted_kib);
    void *buffer = page_alloc_exact(data_pages(capacity) + index_pages(capacity));

    if (buffer == NULL) {
        return -ENOMEM;
    }
    memset(buffer, 0, PAGE_SIZE);
    ring = (struct trace_record *)((char *)buffer + PAGE_SIZE);
    header = buffer;
    *header = (struct trace_header){
        .magic = TRACE_MAGIC,
        .version = TRACE_VERSION,
        .header_bytes = PAGE_SIZE,
        .record_bytes = sizeof(struct trace_record),
        .nr_cpus = 1,
        .capacity = capacity,
        .first_tsc = boot_info.first_tsc,
        .pvh = !boot_is_pv(),
    };
    note_clock();
    note_frames();
    return 0;
}

int trace_set(uint32_t mask)
{
    mask &= (1U << TRACE_NR_CLASSES) - 1;
    if (mask != 0 && header == NULL) {
        int rc = buffer_alloc();

        if (rc != 0) {
            return rc;
        }
    }
    if (header != NULL) {
        header->mask |= mask;
    }
    WRITE_ONCE(trace_mask, mask);
    return 0;
}

static void note_name(uint32_t id, const char *name)
{
    struct trace_name *slot = &header->names[id % TRACE_NAME_SLOTS];

    if (slot->id != id) {
        slot->id = id;
        memset(slot->name, 0, sizeof(slot->name));
        memcpy(slot->name, name, strnlen(name, sizeof(slot->name)));
    }
}

void trace_emit(enum trace_event event, uint64_t a0, uint64_t a1, uint64_t a2)
{
    const struct thread *t = thread_current();
    uint32_t id = t == NULL ? 0 : thread_id(t);
    struct trace_record *r;
    uint64_t n;

    if (id != 0) {
        note_name(id, thread_name(t));
    }
    if (event == TRACE_EV_THREAD) {
        uint64_t name[2] = {a1, a2};

        note_name((uint32_t)a0, (const char *)name);
    }
    /* The slot is taken in one step, so an upcall in between writes its records behind ours; tsc orders them. */
    n = __atomic_fetch_add(&header->written[0], 1, __ATOMIC_RELAXED);
    r = &ring[n & (header->capacity - 1)];
    *r = (struct trace_record){
        .tsc = cpu_tsc(),
        .event = (uint16_t)event,
        .thread = id,
        .args = {a0, a1, a2},
    };
}

bool trace_gfn(struct gfn *gfn)
{
    if (header == NULL) {
        return false;
    }
    *gfn = virt_to_gfn(header);
    return true;
}

bool trace_snapshot(const void **data, size_t *bytes)
{
    uint64_t records;

    if (header == NULL) {
        return false;
    }
    WRITE_ONCE(trace_mask, 0);
    note_clock();
    records = MIN(header->written[0], (uint64_t)header->capacity);
    *data = header;
    *bytes = PAGE_SIZE + records * sizeof(struct trace_record);
    return true;
}

static bool word_is(const char *word, size_t len, const char *name)
{
    return strlen(name) == len && memcmp(word, name, len) == 0;
}

static const char *const class_names[TRACE_NR_CLASSES] = {
    [TRACE_HYPERCALL] = "hypercall", [TRACE_UPCALL] = "upcall", [TRACE_EVENT] = "event",
    [TRACE_GRANT] = "grant",         [TRACE_RING] = "ring",     [TRACE_XENSTORE] = "xenstore",
    [TRACE_SCHED] = "sched",         [TRACE_TIMER] = "timer",   [TRACE_APP] = "app",
};

static uint32_t parse_class(const char *word, size_t len)
{
    if (word_is(word, len, "all")) {
        return (1U << TRACE_NR_CLASSES) - 1;
    }
    for (unsigned int i = 0; i < TRACE_NR_CLASSES; i++) {
        if (word_is(word, len, class_names[i])) {
            return 1U << i;
        }
    }
    return 0;
}

static int set_classes(const char *value)
{
    uint32_t mask = 0;

    for (;;) {
        const char *comma = strchr(value, ',');
        size_t len = comma == NULL ? strlen(value) : (size_t)(comma - value);
        uint32_t bits = parse_class(value, len);

        if (bits == 0) {
            return -EINVAL;
        }
        mask |= bits;
        if (comma == NULL) {
            return trace_set(mask);
        }
        value = comma + 1;
    }
}

/* Also behind `trace=` on the command line: the buffer is made anew then. */
static int set_buffer(const char *value)
{
    uint32_t kib = 0, mask = trace_mask;

    for (; *value >= '0' && *value <= '9' && kib <= MAX_KIB; value++) {
        kib = kib * 10 + (uint32_t)(*value - '0');
    }
    if (*value != '\0' || kib == 0 || kib > MAX_KIB) {
        return -EINVAL;
    }
    wanted_kib = kib;
    if (header != NULL) {
        WRITE_ONCE(trace_mask, 0);
        page_free_exact(header, data_pages(header->capacity) + index_pages(header->capacity));
        header = NULL;
    }
    return trace_set(mask);
}

BOOT_OPTION(trace, "trace", set_classes);
BOOT_OPTION(trace_buf, "trace-buf", set_buffer);
