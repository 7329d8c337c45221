// SPDX-License-Identifier: MIT
/*
 * The stand-in for Xen and the machine in host tests: RAM, clock, upcalls, hypercalls, panic.
 * Kernel sources are compiled against it unchanged. What a test may replace by the real module
 * (printk, time, in_upcall, ...) is a weak symbol here. Everything happens in one host thread and
 * in fake time, so a run repeats exactly.
 */
#ifndef XENOLITH_FAKE_H
#define XENOLITH_FAKE_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenolith/types.h>

/* ---- Boot ---- */

/**
 * fake_boot() - Map @nr_pages of RAM, give them to the page allocator and make the test's flow of
 * control the thread "main" (sched_init()), upcalls on. Once a program, usually from the group's
 * setup.
 */
void fake_boot(size_t nr_pages);

/** fake_boot_pages() - The same without threads. */
void fake_boot_pages(size_t nr_pages);

/* ---- Clock and upcalls ---- */

extern uint64_t fake_now_ns;        /* what time_monotonic_ns() returns */
extern uint64_t fake_clock_step_ns; /* added at each look at the clock; 0 by default */
extern uint64_t fake_alarm_ns;      /* the alarm set, or TIME_FOREVER */
extern uint64_t fake_alarm_sets;    /* calls of time_set_alarm(): each is a hypercall on the target */
extern uint64_t fake_idles;         /* calls of arch_idle() */

/**
 * fake_clock_advance() - Let time pass; what becomes due comes as an upcall at once, or when
 * unmasked.
 */
void fake_clock_advance(uint64_t ns);

/** fake_event_at() - At @when_ns (past: now) call @fn in upcall context. */
void fake_event_at(uint64_t when_ns, void (*fn)(void *arg), void *arg);

/**
 * fake_upcall_set() - What the upcall calls beside the alarm and scripted events: evtchn_upcall,
 * for example.
 */
void fake_upcall_set(void (*fn)(void));

/**
 * fake_upcall_raise() - Make the upcall pending; it comes at once, or when unmasked. Also from an
 * idle hook.
 */
void fake_upcall_raise(void);

/**
 * fake_idle_set() - The other domains: @fn runs whenever we block in Xen. It returns true when it
 * did anything (and raises an upcall if we are to hear of it); false lets the clock move to the
 * next alarm or event.
 */
void fake_idle_set(bool (*fn)(void));

/**
 * fake_deadlock_set() - Called when all threads block and nothing will ever happen; by default the
 * test aborts.
 */
void fake_deadlock_set(void (*fn)(void));

/**
 * fake_tsc() - What cpu_tsc() reads. Weak, the host's counter: a test of the clock brings its own.
 */
uint64_t fake_tsc(void);

/* ---- Hypercalls ---- */

typedef long (*fake_hypercall_fn)(unsigned long a1, unsigned long a2, unsigned long a3, unsigned long a4);

/** fake_hypercall_set() - Who answers hypercall @nr (__HYPERVISOR_*); NULL: -ENOSYS. */
void fake_hypercall_set(unsigned int nr, fake_hypercall_fn fn);

/** fake_hypercall_calls() - How often hypercall @nr was made. */
uint64_t fake_hypercall_calls(unsigned int nr);

/* ---- Memory ---- */

#define FAKE_RAM_BASE  0x10000000UL /* below 2 GiB, where AddressSanitizer lets a program map what it likes */
#define FAKE_RAM_LIMIT 0x70000000UL
#define FAKE_GFN_BASE  0x100000UL   /* gfn = pfn + this, so a forgotten translation shows */

/**
 * fake_ram_map() - RAM as pages [pfn of the result, + nr_pages). Reading it before writing finds
 * junk.
 */
void *fake_ram_map(size_t nr_pages);

/**
 * fake_gfn_to_virt() - The frame as Xen or another domain sees it: our RAM, or one of
 * fake_xen_frame(). NULL: no such.
 */
void *fake_gfn_to_virt(struct gfn gfn);

/** fake_xen_frame() - A fresh zeroed frame that is not our RAM (grant table, a foreign page). */
struct gfn fake_xen_frame(void);

/**
 * fake_window_map() - Make window page @addr show frame @gfn (what GNTTABOP_map_grant_ref does);
 * fake_window_unmap() undoes.
 */
int fake_window_map(void *addr, struct gfn gfn, bool readonly);
void fake_window_unmap(void *addr);

/** fake_is_guarded() - Is the page made inaccessible by vm_guard()? fake_guards: how many are. */
bool fake_is_guarded(const void *page);
extern size_t fake_guards;

/* ---- Heap ---- */

/*
 * heap_*() are the host's malloc here, so that AddressSanitizer watches the modules under test and
 * reports what they leak (memory of the heap then lies outside the RAM that pfns exist for). Set
 * before the first allocation to test with the kernel's own heap.
 */
extern bool fake_heap_real;

/* Blocks allocated and not freed. */
extern size_t fake_heap_blocks;

/* Called at the end of each of these calls: an upcall, for example, that finds the caller half way. */
extern void (*fake_heap_hook)(void);

/* ---- Faults ---- */

/**
 * fake_fail_after() - The @nr-th allocation from now (1: the next) fails, of all calls that cross
 * object files of page_alloc(_exact), heap_alloc, heap_zalloc, heap_aligned_alloc, heap_realloc,
 * and of vm_guard and vm_window_alloc. 0: none.
 */
void fake_fail_after(unsigned int nr);

/** fake_fail_always() - Every one fails until fake_fail_after(0). */
void fake_fail_always(void);

/** fake_fail_fired() - Did the planned failure happen yet? */
bool fake_fail_fired(void);

/* For the fake's own allocating functions. */
bool fake_fail_now(void);

/* ---- Panic ---- */

extern jmp_buf fake_panic_jmp;
extern bool fake_panic_expected;
extern char fake_panic_message[256];
void fake_panic_landed(void);

/** fake_panics() - Does @stmt panic? In the same thread. The message is in fake_panic_message. */
#define fake_panics(stmt)                 \
    ({                                    \
        volatile bool panicked_ = true;   \
        fake_panic_expected = true;       \
        if (setjmp(fake_panic_jmp) == 0) {\
            stmt;                         \
            panicked_ = false;            \
        } else {                          \
            fake_panic_landed();          \
        }                                 \
        fake_panic_expected = false;      \
        panicked_;                        \
    })

/* ---- Random numbers ---- */

/**
 * fake_seed() - The run's seed: $XENOLITH_SEED, or from the clock; printed once, so that a failure
 * can be repeated.
 */
uint64_t fake_seed(void);

/**
 * fake_random() - Next number of the sequence that starts at fake_seed(). fake_random_below(): in
 * [0, n).
 */
uint64_t fake_random(void);
uint64_t fake_random_below(uint64_t n);

#endif
