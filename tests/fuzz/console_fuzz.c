// SPDX-License-Identifier: MIT
/*
 * A console backend made of the fuzzer's bytes: each byte is one thing that it does to the ring page, while threads
 * read, write and flush. Whatever it does, nothing may crash, hang, or touch memory beyond the page.
 */
#include <stdlib.h>
#include <string.h>

#include <fake.h>

#include <xenolith/boot.h>
#include <xenolith/console.h>
#include <xenolith/errno.h>
#include <xenolith/events.h>
#include <xenolith/sched.h>

#include <arch/irq.h>

#include "../../kernel/console_priv.h"

static struct xencons_interface *ring;
static evtchn_handler_fn handler;
static const uint8_t *input;
static size_t left;

int evtchn_adopt(evtchn_port_t port, evtchn_handler_fn fn, void *arg)
{
    handler = fn;
    return 0;
}

void evtchn_mask(evtchn_port_t port)
{
}

void evtchn_unmask(evtchn_port_t port)
{
}

int evtchn_send(evtchn_port_t port)
{
    return 0;
}

static uint8_t next_byte(void)
{
    return left == 0 ? 0 : (left--, *input++);
}

static uint32_t next_word(void)
{
    uint32_t low = next_byte(), high = next_byte();

    return low | high << 8 | (next_byte() & 1 ? 0xffff0000U : 0);
}

static void deliver(void)
{
    handler(1, NULL);
}

/* Once the bytes are used up the backend breaks the ring for good, so that every thread comes to its end. */
static bool backend_run(void)
{
    if (left == 0) {
        ring->out_cons = console.out_prod + 1;
        ring->in_prod = console.in_cons - 1;
    }
    switch (next_byte() % 10) {
    case 0:
        ring->out_cons = console.out_prod;
        break;
    case 1:
        ring->out_cons += next_byte();
        break;
    case 2:
        ring->out_cons = console.out_prod - next_word() % 2049;
        break;
    case 3:
        ring->out_cons = next_word();
        break;
    case 4:
        ring->in_prod = next_word();
        break;
    case 5:
        ring->in_cons = next_word();
        break;
    case 6:
        ring->out_prod = next_word();
        break;
    default:
        for (unsigned int i = next_byte() % 32; i > 0 && ring->in_prod - console.in_cons < sizeof(ring->in);
             i--) {
            ring->in[ring->in_prod++ % sizeof(ring->in)] = (char)next_byte();
        }
        break;
    }
    fake_upcall_raise();
    return true;
}

static void reader(void *arg)
{
    char buf[100];

    while (console.ring != NULL) {
        long n = console_read(buf, sizeof(buf));

        if (n < -EIO || n > (long)sizeof(buf)) {
            abort();
        }
        if (left > 0) {
            uint8_t mode = next_byte();

            console_set_mode(mode & 1, mode & 2);
        }
    }
}

static void writer(void *arg)
{
    char buf[3000];

    memset(buf, '\n', sizeof(buf));
    while (console.ring != NULL) {
        console_write(buf, 1 + next_word() % sizeof(buf));
        console_write_atomic(buf, next_byte());
        console_flush();
    }
}

static long hypercall_ok(unsigned long a1, unsigned long a2, unsigned long a3, unsigned long a4)
{
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct thread *threads[2];

    if (ring == NULL) {
        fake_boot(4096);
        fake_hypercall_set(__HYPERVISOR_console_io, hypercall_ok);
        fake_upcall_set(deliver);
        fake_idle_set(backend_run);
        ring = calloc(1, sizeof(*ring));
        boot_info.console_port = 1;
        boot_info.console_ring = ring;
    }
    memset(ring, 0, sizeof(*ring));
    input = data;
    left = bytes;
    console.broken = false;
    console_set_mode(true, true);
    console_init();
    if (thread_create(&threads[0], "reader", reader, NULL, 0) != 0 ||
        thread_create(&threads[1], "writer", writer, NULL, 0) != 0) {
        abort();
    }
    thread_join(threads[0]);
    thread_join(threads[1]);
    return 0;
}
