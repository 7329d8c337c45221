// SPDX-License-Identifier: MIT
/*
 * Words for the compiler that every file may use. Holds no code and knows nothing of Xen.
 */
#ifndef XENOLITH_COMPILER_H
#define XENOLITH_COMPILER_H

#include <stddef.h>

#define LIKELY(x)       __builtin_expect(!!(x), 1)
#define UNLIKELY(x)     __builtin_expect(!!(x), 0)
#define NORETURN        __attribute__((noreturn))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define MUST_CHECK      __attribute__((warn_unused_result))
#define ALIGNED(n)      __attribute__((aligned(n)))
#define SECTION(name)   __attribute__((section(name)))
#define USED            __attribute__((used))
#define WEAK            __attribute__((weak))
#define COLD            __attribute__((cold, noinline))
#define NO_STACK_PROTECTOR __attribute__((no_stack_protector))

/* An element of an array that the linker collects. On a host AddressSanitizer must not put red zones between them. */
#ifdef __clang__
#define REGISTERED(name) USED SECTION(name) __attribute__((no_sanitize("address")))
#else
#define REGISTERED(name) USED SECTION(name)
#endif

#define ARRAY_SIZE(a)   (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

#define MIN(a, b)       ((a) < (b) ? (a) : (b))
#define MAX(a, b)       ((a) > (b) ? (a) : (b))

/* Both take a power of two. */
#define ALIGN_UP(x, a)   (((x) + ((a) - 1)) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))

/* Exactly one load or store, however the compiler would like to repeat or tear it: for memory that an
 * upcall, the hypervisor or another domain shares. */
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

/* Keeps the compiler, not the processor, from moving memory accesses across. */
#define barrier()        __asm__ volatile("" ::: "memory")

#endif
