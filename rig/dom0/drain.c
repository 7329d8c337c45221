// SPDX-License-Identifier: MIT
/*
 * drain DOMID: waits until xenconsoled has taken everything that a domain wrote to its console.
 *
 * Owns a read-only mapping of the console's ring, by the grant that every domain has for it. A domain
 * that ended is the usual subject: its last words are in the ring, and xenconsoled, which limits the
 * rate of a chatty domain, may be up to 200 ms behind. Gives up after two seconds: the ring is the
 * guest's, and its indices may say anything.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* linux/xen/gntdev.h, of which not every machine has the header. */
struct map_grant_ref {
    uint32_t count;
    uint32_t pad;
    uint64_t index;
    uint32_t domid;
    uint32_t ref;
};
#define IOCTL_MAP_GRANT_REF _IOC(_IOC_NONE, 'G', 0, sizeof(struct map_grant_ref))

/* xen/io/console.h */
#define GRANT_REF_CONSOLE 0
struct console_ring {
    char in[1024];
    char out[2048];
    uint32_t in_cons, in_prod;
    uint32_t out_cons, out_prod;
};

#define LOOKS 100
#define LOOK_US 20000

int main(int argc, char **argv)
{
    struct map_grant_ref map = {.count = 1, .ref = GRANT_REF_CONSOLE};
    const volatile struct console_ring *ring;
    int fd = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC);

    if (argc != 2 || fd < 0) {
        fprintf(stderr, "usage: drain DOMID\n");
        return 2;
    }
    map.domid = (uint32_t)atoi(argv[1]);
    if (ioctl(fd, IOCTL_MAP_GRANT_REF, &map) < 0) {
        return 1;
    }
    ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)map.index);
    if (ring == MAP_FAILED) {
        return 1;
    }
    /* xenconsoled tells nobody when it has read: this is the one place that has to look again. */
    for (int look = 0; look < LOOKS; look++) {
        if (ring->out_cons == ring->out_prod) {
            return 0;
        }
        usleep(LOOK_US);
    }
    return 1;
}
