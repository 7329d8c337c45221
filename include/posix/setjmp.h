// SPDX-License-Identifier: MIT
/*
 * newlib's own, and the jumps that take the mask of signals along, which it has for other systems only.
 */
#ifndef _XENOLITH_SETJMP_H
#define _XENOLITH_SETJMP_H

#include_next <setjmp.h>

#include <sys/cdefs.h>

#include <sys/_sigset.h>

typedef struct {
    jmp_buf __place;
    __sigset_t __mask;
    int __has_mask;
} sigjmp_buf[1];

/* What calls setjmp() must not return before the jump, hence the macro. */
#define sigsetjmp(env, save) (__sigjmp_save((env), (save)), setjmp((env)->__place))
#define _setjmp(env)         setjmp(env)
#define _longjmp(env, value) longjmp((env), (value))

__BEGIN_DECLS
void __sigjmp_save(sigjmp_buf env, int save);
void siglongjmp(sigjmp_buf env, int value) __attribute__((__noreturn__));
__END_DECLS

#endif
