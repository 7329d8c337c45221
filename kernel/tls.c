// SPDX-License-Identifier: MIT
/*
 * Thread-local storage: each thread's block is a copy of the image's .tdata with zeros for .tbss
 * behind it, and ends at the thread pointer, whose word points to itself. Threads of an image
 * without TLS have none.
 * ABI: x86-64 psABI, ELF TLS variant II.
 */
#include <xenolith/string.h>

#include "sched_priv.h"

/* Of the linker script; the last three are numbers in an address's clothes. */
extern const char __tls_image_start[];
extern const char __tls_image_size[];
extern const char __tls_total_size[];
extern const char __tls_align[];

/*
 * What lies at and above the thread pointer: the self-pointer, a word that the psABI leaves to us,
 * and room up to the stack protector's place (offset 40), should anything in the image have been
 * compiled to look for it there.
 */
#define POINTER_BYTES 48

/* An alignment of 1 or 0 is what the linker says of an image without TLS. */
size_t tls_align(void)
{
    return MAX((size_t)__tls_align, (size_t)16);
}

static size_t image_bytes(void)
{
    return ALIGN_UP((size_t)__tls_total_size, tls_align());
}

/*
 * How far below the thread pointer the linker puts the first byte: by the segment's own alignment,
 * not by ours.
 */
static size_t start_offset(void)
{
    return ALIGN_UP((size_t)__tls_total_size, MAX((size_t)__tls_align, (size_t)1));
}

size_t tls_bytes(void)
{
    return image_bytes() == 0 ? 0 : image_bytes() + POINTER_BYTES;
}

void *tls_init(void *block)
{
    size_t image = (size_t)__tls_image_size;
    char *pointer = (char *)block + image_bytes();
    char *start = pointer - start_offset();

    memset(block, 0, tls_bytes());
    memcpy(start, __tls_image_start, image);
    *(void **)pointer = pointer;
    return pointer;
}
