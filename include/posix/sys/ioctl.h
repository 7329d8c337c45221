// SPDX-License-Identifier: MIT
/*
 * Our own of the C library, and the size of a terminal, which the console does not know: the request fails with ENOTTY.
 */
#ifndef _XENOLITH_SYS_IOCTL_H
#define _XENOLITH_SYS_IOCTL_H

#include_next <sys/ioctl.h>

#define TIOCGWINSZ 0x5413 /* struct winsize * */
#define TIOCSWINSZ 0x5414

struct winsize {
    unsigned short ws_row;
    unsigned short ws_col;
    unsigned short ws_xpixel;
    unsigned short ws_ypixel;
};

#endif
