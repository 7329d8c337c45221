// SPDX-License-Identifier: MIT
/*
 * Included ahead of lib/newlib/clock.c when it is compiled for the host, whose own calls of these names must stay.
 */
#ifndef LIBC_CLOCK_NAMES_H
#define LIBC_CLOCK_NAMES_H

#define clock_gettime   own_clock_gettime
#define clock_getres    own_clock_getres
#define clock_settime   own_clock_settime
#define clock_nanosleep own_clock_nanosleep
#define gettimeofday    own_gettimeofday
#define nanosleep       own_nanosleep
#define times           own_times

#endif
