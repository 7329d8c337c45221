// SPDX-License-Identifier: MIT
/*
 * Included ahead of lib/string when it is compiled for the host, so that the functions under test stand
 * beside the host's own (which the sanitizers intercept) instead of replacing them.
 */
#ifndef LIBC_STRING_NAMES_H
#define LIBC_STRING_NAMES_H

#define memcpy  own_memcpy
#define memmove own_memmove
#define memset  own_memset
#define memcmp  own_memcmp
#define memchr  own_memchr
#define strlen  own_strlen
#define strnlen own_strnlen
#define strcmp  own_strcmp
#define strncmp own_strncmp
#define strchr  own_strchr
#define strrchr own_strrchr

#endif
