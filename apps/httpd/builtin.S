// SPDX-License-Identifier: MIT
/*
 * The page that "/" shows when there is no file for it: www/index.html, in the image itself.
 */

        .section .rodata.builtin_page, "a", @progbits
        .global builtin_page, builtin_page_end
builtin_page:
        .incbin "apps/httpd/www/index.html"
builtin_page_end:
        .byte   0

        .section .note.GNU-stack, "", @progbits
