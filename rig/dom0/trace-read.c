// SPDX-License-Identifier: MIT
/*
 * trace-read DOMID [GFN] > FILE: copies the trace buffer of a domain, running, hung or crashed, out of its memory; for
 * tools/xenolith-trace. Runs in dom0, needs no library: frames are mapped by privcmd. GFN, the header's frame, is read
 * from the domain's xenstore node data/trace if it is not given.
 *
 * The domain may write what it likes into these frames: numbers are loaded once and bounded, contents only copied.
 * ABI: include/xenolith/trace.h, struct trace_header.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* ABI: Linux, include/uapi/xen/privcmd.h, whose installed copy does not compile outside the kernel. */
struct mmapbatch {
    unsigned int num;
    uint16_t dom;
    uint64_t addr;
    const uint64_t *arr;
    int *err;
};
#define IOCTL_MMAPBATCH_V2 _IOC(_IOC_NONE, 'P', 4, sizeof(struct mmapbatch))

#define FRAME_BYTES  4096UL
#define MAGIC        UINT64_C(0x3145434152544c58)
#define NR_FRAMES_AT 52   /* offsets in struct trace_header */
#define INDEX_AT     3320
#define MAX_INDEX    64
#define INDEX_GFNS   512
#define MAX_FRAMES   (MAX_INDEX * INDEX_GFNS)

static int privcmd;
static uint16_t domid;

static void die(const char *what)
{
    fprintf(stderr, "trace-read: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* Maps @nr foreign frames side by side. */
static void *map_frames(const uint64_t *gfns, unsigned int nr)
{
    int errors[INDEX_GFNS] = {0};
    void *at = mmap(NULL, nr * FRAME_BYTES, PROT_READ, MAP_SHARED, privcmd, 0);
    struct mmapbatch batch = {
        .num = nr,
        .dom = domid,
        .addr = (uintptr_t)at,
        .arr = gfns,
        .err = errors,
    };

    if (at == MAP_FAILED) {
        die("mmap");
    }
    if (ioctl(privcmd, IOCTL_MMAPBATCH_V2, &batch) != 0) {
        die("the domain's frames cannot be mapped");
    }
    for (unsigned int i = 0; i < nr; i++) {
        if (errors[i] != 0) {
            errno = -errors[i];
            die("a frame of the domain's cannot be mapped");
        }
    }
    return at;
}

/* Copies a foreign frame, so that what is looked at afterwards stands still. */
static void copy_frame(uint64_t gfn, void *to)
{
    void *at = map_frames(&gfn, 1);

    memcpy(to, at, FRAME_BYTES);
    munmap(at, FRAME_BYTES);
}

static uint64_t find_header(void)
{
    char command[80], line[32];
    FILE *pipe;

    snprintf(command, sizeof(command), "xenstore-read /local/domain/%u/data/trace", domid);
    pipe = popen(command, "r");
    if (pipe == NULL || fgets(line, sizeof(line), pipe) == NULL) {
        fprintf(stderr, "trace-read: domain %u has no data/trace; was it started with trace=?\n", domid);
        exit(1);
    }
    pclose(pipe);
    return strtoull(line, NULL, 10);
}

static void put(const void *data, size_t bytes)
{
    if (fwrite(data, bytes, 1, stdout) != 1) {
        die("write");
    }
}

int main(int argc, char **argv)
{
    static union {
        uint8_t bytes[FRAME_BYTES];
        uint64_t words[INDEX_GFNS];
    } header, index;
    uint32_t nr_frames;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: trace-read DOMID [GFN] > FILE\n");
        return 2;
    }
    domid = (uint16_t)strtoul(argv[1], NULL, 10);
    privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    if (privcmd < 0) {
        die("/dev/xen/privcmd");
    }
    copy_frame(argc > 2 ? strtoull(argv[2], NULL, 0) : find_header(), header.bytes);
    memcpy(&nr_frames, header.bytes + NR_FRAMES_AT, sizeof(nr_frames));
    if (header.words[0] != MAGIC || nr_frames == 0 || nr_frames > MAX_FRAMES) {
        fprintf(stderr, "trace-read: there is no trace in this frame\n");
        return 1;
    }
    /* The header as it was looked at, in place of frame 0: its counts are then not newer than the records. */
    put(header.bytes, FRAME_BYTES);
    for (uint32_t first = 0; first < nr_frames; first += INDEX_GFNS) {
        uint32_t nr = nr_frames - first < INDEX_GFNS ? nr_frames - first : INDEX_GFNS;
        uint32_t skip = first == 0 ? 1 : 0;
        uint8_t *frames;

        copy_frame(header.words[INDEX_AT / sizeof(uint64_t) + first / INDEX_GFNS], index.bytes);
        frames = map_frames(index.words, nr);
        if (nr > skip) {
            put(frames + skip * FRAME_BYTES, (nr - skip) * FRAME_BYTES);
        }
        munmap(frames, nr * FRAME_BYTES);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
