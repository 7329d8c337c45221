// SPDX-License-Identifier: MIT
/*
 * A command line of the fuzzer's bytes, with all the options that the system has.
 */
#include <stdlib.h>
#include <string.h>

#include <fake.h>

#include <xenolith/boot.h>
#include <xenolith/console.h>
#include <xenolith/sched.h>
#include <xenolith/trace.h>

static void *values[4096];
static size_t nr_values;

/* Calls of heap_alloc() come here (--wrap in unit.mk); the values are never freed on the target. */
void *__wrap_heap_alloc(size_t bytes);

void *__wrap_heap_alloc(size_t bytes)
{
    return nr_values == 4096 ? NULL : (values[nr_values++] = malloc(bytes));
}

void console_write_atomic(const void *buf, size_t len)
{
    static volatile char sink;

    for (size_t i = 0; i < len; i++) {
        sink = ((const char *)buf)[i];
    }
    (void)sink;
}

long console_write(const void *buf, size_t len)
{
    return (long)len;
}

struct thread *thread_current(void)
{
    return NULL;
}

uint32_t thread_id(const struct thread *t)
{
    return 1;
}

const char *thread_name(const struct thread *t)
{
    return "main";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static bool booted;
    char *line = malloc(bytes + 1); /* its own block, so that AddressSanitizer sees a read past its end */

    if (!booted) {
        fake_boot_pages(16384);
        booted = true;
    }
    memcpy(line, data, bytes);
    line[bytes] = '\0';
    boot_info.cmdline = line;
    boot_options_apply();
    trace_set(0);
    free(line);
    while (nr_values > 0) {
        free(values[--nr_values]);
    }
    return 0;
}
