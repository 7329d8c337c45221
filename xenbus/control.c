// SPDX-License-Identifier: MIT
/*
 * The toolstack's wishes: one thread that watches the domain's control/ nodes; and the exit status, left behind
 * for it. What is done about a wish is kernel/shutdown.c's affair.
 * ABI: Xen's docs/misc/xenstore-paths, control/shutdown, control/sysrq, control/feature-*.
 */
#include <xenolith/shutdown.h>

#include <stdint.h>

#include <xen/xen.h>
#include <xen/sched.h>

#include <xenolith/console.h>
#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/printk.h>
#include <xenolith/sched.h>
#include <xenolith/string.h>
#include <xenolith/time.h>
#include <xenolith/trace.h>
#include <xenolith/xenstore.h>

#define NODE_SHUTDOWN "control/shutdown"
#define NODE_SYSRQ    "control/sysrq"
#define NODE_TRACE    "data/trace"
#define NODE_EXIT     "data/exit-status"

/* The longest that a silent xenstored may keep an exiting domain alive. */
#define EXIT_STATUS_NS (3 * NS_PER_SEC)

/* Only xenstore, printk and the creation of the handler's thread run on it. */
#define CONTROL_STACK_BYTES (16UL << 10)

static bool exiting;

static const struct {
    const char *word;
    enum shutdown_request request;
    const char *feature; /* tells the toolstack that we know the word; NULL: there is no such node */
} requests[] = {
    {"poweroff", SHUTDOWN_REQ_POWEROFF, "control/feature-poweroff"},
    {"reboot", SHUTDOWN_REQ_REBOOT, "control/feature-reboot"},
    {"halt", SHUTDOWN_REQ_HALT, NULL},
};

/* Index in requests[], or -1. The value may hold any bytes; the NUL behind it ends the comparison. */
static int request_find(const char *value, size_t len)
{
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        if (strlen(requests[i].word) == len && memcmp(requests[i].word, value, len) == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* Say what we do not act upon, fit for a terminal whatever it is. */
static void say_ignored(const char *node, const char *value, size_t len)
{
    char text[33];
    size_t shown = MIN(len, sizeof(text) - 1);

    for (size_t i = 0; i < shown; i++) {
        text[i] = value[i] >= ' ' && value[i] <= '~' ? value[i] : '?';
    }
    text[shown] = '\0';
    pr_warn("%s: \"%s\" ignored\n", node, text);
}

/* A transaction's body: read the request and clear it, which is the acknowledgement. @arg: the index found. */
static int request_acknowledge(uint32_t tx, void *arg)
{
    char *value;
    size_t len;
    int rc = xs_read(tx, NODE_SHUTDOWN, &value, &len);

    if (rc != 0) {
        return rc;
    }
    *(int *)arg = request_find(value, len);
    heap_free(value);
    return *(int *)arg < 0 ? -ENOENT : xs_write(tx, NODE_SHUTDOWN, "", 0);
}

/* Most looks find nothing, so the transaction is opened only for something. */
static void check_shutdown(void)
{
    int index;
    char *value;
    size_t len;
    int rc;

    if (xs_read(XS_TX_NONE, NODE_SHUTDOWN, &value, &len) != 0) {
        return;
    }
    index = request_find(value, len);
    if (index < 0 && len != 0) {
        say_ignored(NODE_SHUTDOWN, value, len);
    }
    heap_free(value);
    if (index < 0) {
        return;
    }
    rc = xs_transaction(request_acknowledge, &index);
    if (rc != 0) {
        pr_warn(NODE_SHUTDOWN ": not acknowledged, error %d\n", -rc);
        return;
    }
    shutdown_ask(requests[index].request);
}

static void check_sysrq(void)
{
    char *value;
    size_t len;

    if (xs_read(XS_TX_NONE, NODE_SYSRQ, &value, &len) != 0) {
        return;
    }
    if (len != 0) {
        say_ignored(NODE_SYSRQ, value, len);
    }
    heap_free(value);
}

static void announce_features(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        if (requests[i].feature != NULL) {
            int rc = xs_write(XS_TX_NONE, requests[i].feature, "1", 1);

            if (rc != 0) {
                pr_debug("%s: error %d\n", requests[i].feature, -rc);
            }
        }
    }
}

/* Where trace-read of dom0 finds the buffer, as long as the domain lives. */
static void publish_trace(void)
{
    struct gfn gfn;
    int rc;

    if (!trace_gfn(&gfn)) {
        return;
    }
    rc = xs_printf(XS_TX_NONE, NODE_TRACE, "%lu", gfn.n);
    if (rc != 0) {
        pr_warn(NODE_TRACE ": not written, error %d\n", -rc);
    }
}

static void control_main(void *arg)
{
    struct xs_watch watch = {.fn = NULL};
    int rc;

    (void)arg;
    /* A program that never blocks reaches its end before we run: then all this is of no use. */
    if (exiting) {
        return;
    }
    announce_features();
    publish_trace();
    rc = xs_watch_add(&watch, "control");
    while (rc == 0) {
        char *path;

        rc = xs_watch_next(&watch, &path, TIME_FOREVER);
        if (rc == -ENOMEM) {
            /* The event is kept. Memory may come back; without it nothing can be read anyway. */
            thread_sleep_ns(NS_PER_SEC);
            rc = 0;
            continue;
        }
        if (rc != 0) {
            break;
        }
        /* The watch's own path: the first event, or the one that stands for lost ones. */
        if (strcmp(path, "control") == 0 || strcmp(path, NODE_SHUTDOWN) == 0) {
            check_shutdown();
        }
        if (strcmp(path, "control") == 0 || strcmp(path, NODE_SYSRQ) == 0) {
            check_sysrq();
        }
        heap_free(path);
    }
    (void)xs_watch_remove(&watch);
    if (rc != -ENOTCONN) {
        pr_warn("control: no longer watched, error %d\n", -rc);
    }
}

void control_start(void)
{
    struct thread *thread;
    int rc = thread_create(&thread, "control", control_main, NULL, CONTROL_STACK_BYTES);

    if (rc != 0) {
        pr_warn("control: not watched, error %d\n", -rc);
        return;
    }
    thread_detach(thread);
}

NORETURN void shutdown_exit(int status)
{
    char text[12];
    int len = ksnprintf(text, sizeof(text), "%d", status);
    int rc;

    exiting = true;
    trace_exit();
    console_flush();
    rc = xs_write_until(XS_TX_NONE, NODE_EXIT, text, (size_t)len, time_deadline_ns(EXIT_STATUS_NS));
    if (rc != 0 && rc != -ENOTCONN) {
        pr_warn(NODE_EXIT ": not written, error %d\n", -rc);
        console_flush();
    }
    shutdown_now(SHUTDOWN_poweroff);
}
