// SPDX-License-Identifier: MIT
/*
 * A block backend for host tests, above fake_backend.h, with a disk in memory. It speaks blkif.h as Linux does, checks all that the frontend
 * shows it, and lies on request.
 */
#ifndef XENOLITH_FAKE_BLKBACK_H
#define XENOLITH_FAKE_BLKBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/io/blkif.h>

#include <fake_backend.h>

#define FAKE_BB_MAX_QUEUES 8
#define FAKE_BB_DISK       (UINT32_C(6) << 20) /* bytes of it that are there */
#define FAKE_BB_PENDING    2048

/** struct fake_bb_request - One that was taken and not answered. */
struct fake_bb_request {
    unsigned int queue;
    uint64_t id;
    uint8_t op; /* never INDIRECT */
    bool indirect;
    uint64_t sector, nr_sectors;
    unsigned int nr;
    struct blkif_request_segment segments[256];
};

struct fake_bb_queue {
    struct blkif_sring *ring;
    unsigned int nr_slots, nr_pages;
    uint32_t refs[16];
    uint32_t port;
    uint32_t cons, rsp;
};

struct fake_bb {
    unsigned int nr_queues;
    struct fake_bb_queue queues[FAKE_BB_MAX_QUEUES];
    struct fake_bb_request *pending[FAKE_BB_PENDING];
    unsigned int nr_pending;
    bool persistent;       /* keeps what it has mapped once */
    bool hold_events;      /* asks for no notification at all: req_event stays behind */
    bool shuffle;          /* answers out of order */
    uint32_t block_bytes;  /* what sector-size says */
    unsigned int indirect; /* what feature-max-indirect-segments says */
    uint32_t unsupported;  /* bit op: answered EOPNOTSUPP */
    int16_t status;        /* what it answers to all others */
    uint64_t ops[8];       /* answered, by operation */
    uint64_t indirects, secure, largest;
    uint8_t disk[FAKE_BB_DISK];
};

extern struct fake_bb fake_bb;

/** fake_bb_device() - Make vbd 51712 as libxl does, backend in state InitWait, with all features. Then set what differs. */
void fake_bb_device(void);
void fake_bb_set(const char *node, const char *value);       /* the backend's */
void fake_bb_front_set(const char *node, const char *value); /* the toolstack's, in the frontend's folder */
void fake_bb_state(unsigned int state);
unsigned int fake_bb_front_state(void);
unsigned long fake_bb_front_number(const char *name, unsigned long fallback);
void fake_bb_remove(void);

/** fake_bb_attach() - Read what the frontend published and map its rings. False: something is missing. */
bool fake_bb_attach(void);
/** fake_bb_detach() - Unmap everything and forget what was not answered. */
void fake_bb_detach(void);

/** fake_bb_take() - Take up to @max requests of all queues. How many. */
unsigned int fake_bb_take(unsigned int max);

/** fake_bb_answer() - Carry out and answer up to @max requests that were taken, and show that. How many. */
unsigned int fake_bb_answer(unsigned int max);

/** fake_bb_answer_one() - The @i-th of those taken, without showing it. */
void fake_bb_answer_one(unsigned int i);

/** fake_bb_run() - Both, of all there are. */
unsigned int fake_bb_run(void);

/** fake_bb_purge() - Unmap what was kept and is not in use now, as Linux does now and then. */
void fake_bb_purge(void);

/** fake_bb_respond() - Write a response; fake_bb_show() publishes it and notifies. */
void fake_bb_respond(unsigned int queue, uint64_t id, uint8_t op, int16_t status);
void fake_bb_show(unsigned int queue);

/** fake_bb_lie() - Break the protocol in the @kind-th way, below FAKE_BB_LIES. False: not possible now. */
#define FAKE_BB_LIES 11
bool fake_bb_lie(unsigned int kind);
const char *fake_bb_lie_name(unsigned int kind);

#endif
