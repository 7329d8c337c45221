// SPDX-License-Identifier: MIT
/*
 * The trace: one record a tracepoint, in a per-CPU ring in memory. Off, a tracepoint is one predicted
 * branch on a mask in memory. tools/xenolith-trace reads the format; docs/trace.md describes it.
 */
#ifndef XENOLITH_TRACE_H
#define XENOLITH_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include <xenolith/compiler.h>
#include <xenolith/types.h>

/* Classes: bits of the mask, words of `extra="trace=..."` (lower case, comma separated, or `all`). */
enum trace_class {
    TRACE_HYPERCALL,
    TRACE_UPCALL,
    TRACE_EVENT,
    TRACE_GRANT,
    TRACE_RING,
    TRACE_XENSTORE,
    TRACE_SCHED,
    TRACE_TIMER,
    TRACE_APP,
    TRACE_NR_CLASSES,
};

/* Events: what a record says. Append only; the reader knows names and argument meanings by number. */
enum trace_event {
    TRACE_EV_HYPERCALL = 1, /* nr, first argument, second argument */
    TRACE_EV_HYPERCALL_RET, /* nr, result */
    TRACE_EV_UPCALL_IN,     /* - */
    TRACE_EV_UPCALL_OUT,    /* ports handled */
    TRACE_EV_EVENT_HANDLE,  /* port */
    TRACE_EV_EVENT_SEND,    /* port */
    TRACE_EV_GRANT,         /* ref, gfn, domid | readonly << 16 */
    TRACE_EV_GRANT_END,     /* ref, result */
    TRACE_EV_GRANT_MAP,     /* ref, domid, result */
    TRACE_EV_GRANT_UNMAP,   /* handle, result */
    TRACE_EV_GRANT_COPY,    /* number of operations, result */
    TRACE_EV_RING_PUSH,     /* ring id, producer index, notify */
    TRACE_EV_RING_POP,      /* ring id, consumer index */
    TRACE_EV_XS_SEND,       /* type, req_id, length */
    TRACE_EV_XS_RECV,       /* type, req_id, length */
    TRACE_EV_SWITCH,        /* from, to: thread ids */
    TRACE_EV_WAKE,          /* thread id */
    TRACE_EV_IDLE,          /* deadline */
    TRACE_EV_THREAD,        /* thread id, first 8 and next 8 bytes of its name */
    TRACE_EV_TIMER_ARM,     /* deadline */
    TRACE_EV_TIMER_FIRE,    /* deadline */
    TRACE_EV_APP,           /* three words of the application's choice */
};

/** struct trace_record - 40 bytes, little endian; tsc orders them. */
struct trace_record {
    uint64_t tsc;
    uint16_t event;
    uint16_t cpu;
    uint32_t thread;
    uint64_t args[3];
};

/* ABI between the kernel and its readers: the layout below, at version TRACE_VERSION. */
#define TRACE_MAGIC      UINT64_C(0x3145434152544c58) /* "XLTRACE1" */
#define TRACE_VERSION    1
#define TRACE_MAX_CPUS   8
#define TRACE_NAME_SLOTS 160
#define TRACE_MAX_INDEX  64

/** struct trace_name - Who thread @id is; slot id % TRACE_NAME_SLOTS. */
struct trace_name {
    uint32_t id; /* 0: empty */
    char name[16];
};

/**
 * struct trace_header - The first page of the buffer; the rings follow, one a CPU, capacity records each. Behind
 * them come index frames for readers in dom0: the gfns of all @nr_frames of header and rings, 512 in each.
 * @written: Records ever written a CPU; the next goes to slot written % capacity, older ones were lost.
 * @tsc_mul, @tsc_shift: ns = ((tsc << shift) * mul) >> 32, as in struct vcpu_time_info (shift < 0: >>).
 */
struct trace_header {
    uint64_t magic;
    uint32_t version, header_bytes, record_bytes, nr_cpus;
    uint32_t capacity; /* a power of two */
    uint32_t mask;
    uint64_t first_tsc;
    uint32_t tsc_mul;
    int32_t tsc_shift;
    uint32_t pvh; /* 0: PV */
    uint32_t nr_frames;
    uint64_t written[TRACE_MAX_CPUS];
    struct trace_name names[TRACE_NAME_SLOTS];
    uint64_t index[TRACE_MAX_INDEX]; /* gfns of the index frames */
};

/* Bits are classes. 0: nothing is traced. Written by trace_set() alone. */
extern uint32_t trace_mask;

/**
 * trace_set() - Trace exactly the classes in @mask (bits of enum trace_class). The buffer is allocated at the first call with
 * one set. Context: threads. Return: 0, or -ENOMEM.
 */
int trace_set(uint32_t mask);

/** trace_gfn() - The frame of the header, for the xenstore node data/trace; false when nothing was ever traced. */
bool trace_gfn(struct gfn *gfn);

/** trace_dump() - Stop tracing and print the buffer on the console, for tools/xenolith-trace. Context: threads, blocks. */
void trace_dump(void);

/** trace_exit() - trace_dump() if the boot option trace-dump asks for it. For shutdown_exit(), before console_flush(). */
void trace_exit(void);

/** trace_panic() - The same for panic(): never blocks. */
void trace_panic(void);

/** trace_emit() - Write a record; call through TRACE(). Context: any, also with upcalls off. */
void trace_emit(enum trace_event event, uint64_t a0, uint64_t a1, uint64_t a2);

#define TRACE(class, event, a0, a1, a2)                                                    \
    do {                                                                                   \
        if (UNLIKELY(trace_mask & (1U << (class)))) {                                      \
            trace_emit((event), (uint64_t)(a0), (uint64_t)(a1), (uint64_t)(a2));           \
        }                                                                                  \
    } while (0)

#endif
