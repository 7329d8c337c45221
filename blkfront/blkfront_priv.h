// SPDX-License-Identifier: MIT
/*
 * What the files of the block frontend share.
 *
 * Everything but the upcall runs in cooperative threads and does not block between looking and acting, so there are no locks; only done()
 * of a request may let others run, and after it nothing that was looked at before counts. The upcall writes kicked, fired and masked,
 * and counts; nothing else.
 */
#ifndef BLKFRONT_PRIV_H
#define BLKFRONT_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/io/blkif.h>

#include <xenolith/blkdev.h>
#include <xenolith/events.h>
#include <xenolith/frontend.h>
#include <xenolith/gnttab.h>
#include <xenolith/ring.h>
#include <xenolith/types.h>
#include <xenolith/wait.h>

#define BLKFRONT_MAX_ORDER  4U /* of a ring's pages, as Linux's backend allows */
#define BLKFRONT_MAX_PAGES  (1U << BLKFRONT_MAX_ORDER)
#define BLKFRONT_MAX_QUEUES 8U
#define BLKFRONT_SEGMENTS   256U /* of a part: 1 MiB, as many as Linux's backend takes */
#define BLKFRONT_INLINE     BLKIF_MAX_SEGMENTS_PER_REQUEST
#define BLKFRONT_BATCH      64U /* responses taken before others get the processor */
#define BLKFRONT_SECTOR     512U /* the unit on the ring, whatever sector-size says */
#define NO_REF              UINT32_MAX

/* Pages that data is copied through, a queue: Linux's backend keeps 1056 mapped, and with more would map and unmap in turns. */
#define BLKFRONT_KEPT_MAX 1024U
#define BLKFRONT_INDIRECT_MAX 64U

/** struct kept - A page that data is copied through: granted as long as the connection lasts, so the backend may keep it mapped. */
struct kept {
    struct kept *next;
    void *page;
    grant_ref_t ref;
};

/** struct piece - One segment of a part. */
struct piece {
    struct kept *kept; /* NULL: the backend uses @addr itself, by grant @ref */
    uint8_t *addr;
    grant_ref_t ref;
    uint32_t bytes;
};

/** struct indirect - The segments of a part that has more than fit into a slot. */
struct indirect {
    struct indirect *next;
    struct blkif_request_segment *table; /* a page, granted as long as the connection lasts */
    grant_ref_t ref;
    struct piece pieces[BLKFRONT_SEGMENTS];
};

/** struct part - What request id on the ring stands for. */
struct part {
    struct blkdev_req *req; /* NULL: free */
    struct indirect *indirect;
    uint64_t writes; /* a flush: bf->writes when it left */
    uint16_t nr_pieces;
    uint16_t next; /* free: the next free id */
    uint8_t op;    /* BLKIF_OP_*, never INDIRECT */
    struct piece pieces[BLKFRONT_INLINE];
};

struct queue {
    struct blkfront *bf;
    unsigned int index;
    bool fired, masked;
    evtchn_port_t port; /* 0: none */
    struct ring ring;
    uint8_t *ring_pages; /* page_alloc_exact(nr_pages); NULL: none */
    unsigned int nr_pages;
    grant_ref_t refs[BLKFRONT_MAX_PAGES];
    struct part *parts;
    uint16_t free_part;
    struct kept *kept;
    unsigned int nr_kept, free_kept, max_kept; /* made, not in use, at most */
    struct indirect *indirects;
    unsigned int nr_indirects;
};

struct blkfront {
    struct blkdev dev;
    struct frontend *f;
    uint16_t handle;
    bool up;        /* parts may go to the rings */
    bool connected; /* it has been online since it was last put there */
    bool in_batch, kicked, stopping;
    bool trusted, persistent, copies; /* copies: nothing but kept pages is shown to the backend */
    bool flush, barrier;              /* what the backend knows */
    bool lost;                        /* what was answered may be gone: the next flush says so */
    uint64_t writes, flushed;         /* writes answered; of those, durable */
    uint16_t max_pieces;
    unsigned int nr_queues, published_queues, turn;
    unsigned int ring_order;
    struct queue *queues[BLKFRONT_MAX_QUEUES]; /* made once, kept */
    struct thread *thread;
    struct wait_queue wq;
    struct list waiting; /* requests of which something is not on a ring yet, in order */
    struct list active;  /* requests that are on the rings */
    struct list ended;   /* requests to be answered by the thread */
};

static inline struct blkfront *blkfront_of(struct blkdev *dev)
{
    return container_of(dev, struct blkfront, dev);
}

/** struct blkfront_options - What the command line asks for. */
struct blkfront_options {
    unsigned int queues, ring_order, segments;
    bool persistent;
};

extern struct blkfront_options blkfront_options;

/* blkfront_name.c */
/** blkfront_name() - The name that goes with a virtual-device number. */
void blkfront_name(char *name, size_t bytes, uint64_t virtual_device);

/* blkfront_handshake.c */
int blkfront_read_offer(struct blkfront *bf);
int blkfront_publish(struct frontend *f, uint32_t tx);
/** blkfront_read_disk() - What the disk is, once its backend is connected. */
int blkfront_read_disk(struct blkfront *bf);
/** blkfront_read_size() - In bytes; 0: none that there can be. */
uint64_t blkfront_read_size(struct blkfront *bf);

/* blkfront_queue.c */
int queue_open(struct blkfront *bf, unsigned int index);
void queue_close(struct queue *q);
void queue_release(struct queue *q);
/** queue_show() - Push what was put into the ring, and notify if the backend asks for it. */
void queue_show(struct queue *q);

/* blkfront_thread.c */
int thread_open(struct blkfront *bf);
void thread_close(struct blkfront *bf);
void blkfront_kick(struct blkfront *bf);

/* blkfront_submit.c */
int blkfront_submit(struct blkdev *dev, struct blkdev_req *req, bool more);
void blkfront_push(struct blkdev *dev);
/** blkfront_feed() - Put what waits onto the rings, as far as there is room. */
void blkfront_feed(struct blkfront *bf);
/** blkfront_show() - Push all rings. */
void blkfront_show(struct blkfront *bf);
/** blkfront_end() - The request is over: have the thread answer it. */
void blkfront_end(struct blkfront *bf, struct blkdev_req *req, int status);
/** blkfront_answer() - Answer those that have ended. May let others run. */
void blkfront_answer(struct blkfront *bf);
/** blkfront_replay() - Nothing is on the rings any more: start over what was, once there are rings again. */
void blkfront_replay(struct blkfront *bf);
/** blkfront_refuse() - End all that waits. */
void blkfront_refuse(struct blkfront *bf, int status);

/* blkfront_part.c */
/** part_put() - Put as much of @req as one part takes onto @q. 0; -EAGAIN: no room, but answers under way on @q will make some. */
int part_put(struct queue *q, struct blkdev_req *req);
/** part_reap() - Take up to @budget responses. How many; -EPROTO or -EBUSY: the backend lied. */
int part_reap(struct queue *q, unsigned int budget);
/** part_drop_all() - No more answers will come: take back what is granted. */
void part_drop_all(struct queue *q);

/* blkfront_pool.c */
/** pool_open() - As many pages as are needed for work to go on in any case. */
int pool_open(struct queue *q);
/** pool_room() - How many pages there are to copy through, at most @wanted; makes them if need be. */
unsigned int pool_room(struct queue *q, unsigned int wanted);
struct kept *kept_take(struct queue *q);
void kept_give(struct queue *q, struct kept *k);
struct indirect *indirect_take(struct queue *q);
void indirect_give(struct queue *q, struct indirect *i);
void pool_release(struct queue *q);

/* blkfront_stuck.c */
/** stuck_add() - @ref could not be ended: try again later, and free @page of page_alloc_exact() then, unless it is NULL. */
void stuck_add(grant_ref_t ref, void *page);
/** stuck_retry() - Later has come. Not while the heap or the pages are in the middle of something. */
void stuck_retry(void);

#endif
