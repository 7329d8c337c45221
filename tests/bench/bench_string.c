// SPDX-License-Identifier: MIT
/*
 * lib/string against the C libraries: this machine's and newlib's own, side by side on the host. Prints
 * ns a call and the ratio to glibc. Runs until each figure has settled, about ten seconds in all.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BUFFER_BYTES (1u << 17)
#define ROUND_BYTES  (8u << 20)
#define ROUNDS       5

typedef void *copy_fn(void *, const void *, size_t);

void *own_memcpy(void *, const void *, size_t);
void *own_memmove(void *, const void *, size_t);
void *own_memset(void *, int, size_t);
void *newlib_memcpy(void *, const void *, size_t);
void *newlib_memmove(void *, const void *, size_t);
void *newlib_memset(void *, int, size_t);
size_t own_strlen(const char *);
size_t newlib_strlen(const char *);
int own_memcmp(const void *, const void *, size_t);
int newlib_memcmp(const void *, const void *, size_t);

static unsigned char area[2 * BUFFER_BYTES + 4096];
static volatile size_t sink;

struct subject {
    const char *name;
    copy_fn *copy;
    void *(*fill)(void *, int, size_t);
    size_t (*length)(const char *);
    int (*compare)(const void *, const void *, size_t);
    size_t dst_offset, src_offset;
};

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void call(const struct subject *s, size_t bytes)
{
    unsigned char *dst = area + s->dst_offset;
    unsigned char *src = area + s->src_offset;

    if (s->copy != NULL) {
        s->copy(dst, src, bytes);
    } else if (s->fill != NULL) {
        s->fill(dst, 0x5a, bytes);
    } else if (s->length != NULL) {
        sink = s->length((const char *)dst);
    } else {
        sink = (size_t)s->compare(dst, src, bytes);
    }
}

/* The best of some rounds: what the machine can do when nobody disturbs it. */
static double best_ns(const struct subject *s, size_t bytes)
{
    size_t calls = ROUND_BYTES / (bytes + 64) + 1;
    double best = 1e18;

    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = now_ns();

        for (size_t i = 0; i < calls; i++) {
            call(s, bytes);
            __asm__ volatile("" ::: "memory");
        }

        double each = (double)(now_ns() - start) / (double)calls;

        best = each < best ? each : best;
    }
    return best;
}

static void compare(const struct subject subjects[3])
{
    static const size_t sizes[] = {1, 8, 15, 31, 64, 100, 200, 256, 400, 600, 1000, 1500, 4096, 16384, 65536};

    printf("%-18s %8s %10s %10s %10s %9s %9s\n", subjects[0].name, "bytes", "glibc ns", "newlib ns", "own ns",
           "own/glibc", "own/newl.");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        double ns[3];

        memset(area, 'x', sizeof(area));
        if (subjects[0].length != NULL) {
            area[subjects[0].dst_offset + sizes[i]] = '\0';
        }
        for (int k = 0; k < 3; k++) {
            ns[k] = best_ns(&subjects[k], sizes[i]);
        }
        printf("%-18s %8zu %10.1f %10.1f %10.1f %9.2f %9.2f\n", "", sizes[i], ns[0], ns[1], ns[2],
               ns[2] / ns[0], ns[2] / ns[1]);
    }
}

#define COPY3(label, f, dst, src)                                         \
    {                                                                     \
        {.name = label, .copy = f, .dst_offset = dst, .src_offset = src}, \
            {.copy = newlib_##f, .dst_offset = dst, .src_offset = src},   \
            {.copy = own_##f, .dst_offset = dst, .src_offset = src},      \
    }

int main(void)
{
    const struct subject aligned[] = COPY3("memcpy aligned", memcpy, 0, BUFFER_BYTES + 2048);
    const struct subject skewed[] = COPY3("memcpy skewed", memcpy, 3, BUFFER_BYTES + 2049);
    const struct subject down[] = COPY3("memmove down", memmove, 40, 0);
    const struct subject up[] = COPY3("memmove up", memmove, 0, 40);
    const struct subject fill[] = {{.name = "memset", .fill = memset, .dst_offset = 3},
                                   {.fill = newlib_memset, .dst_offset = 3},
                                   {.fill = own_memset, .dst_offset = 3}};
    const struct subject length[] = {{.name = "strlen", .length = strlen, .dst_offset = 3},
                                     {.length = newlib_strlen, .dst_offset = 3},
                                     {.length = own_strlen, .dst_offset = 3}};
    const struct subject cmp[] = {
        {.name = "memcmp", .compare = memcmp, .dst_offset = 3, .src_offset = BUFFER_BYTES},
        {.compare = newlib_memcmp, .dst_offset = 3, .src_offset = BUFFER_BYTES},
        {.compare = own_memcmp, .dst_offset = 3, .src_offset = BUFFER_BYTES}};

    compare(aligned);
    compare(skewed);
    compare(down);
    compare(up);
    compare(fill);
    compare(length);
    compare(cmp);
    return 0;
}
