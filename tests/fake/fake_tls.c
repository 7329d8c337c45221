// SPDX-License-Identifier: MIT
/*
 * The TLS image that minios.lds describes on the target: 24 bytes of .tdata in a segment of 100
 * bytes, aligned to 64.
 */
#include <fake.h>

extern const char __tls_image_start[];

const char __tls_image_start[24] = "initialised thread data";

__asm__(".globl __tls_image_size, __tls_total_size, __tls_align\n"
        ".set __tls_image_size, 24\n"
        ".set __tls_total_size, 100\n"
        ".set __tls_align, 64\n");
