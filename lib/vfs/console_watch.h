// SPDX-License-Identifier: MIT
/*
 * From the console's input, which arrives in upcalls, to those who watch the console's file.
 */
#ifndef CONSOLE_WATCH_H
#define CONSOLE_WATCH_H

/** console_watched() - Somebody watches console_file from now on. Context: threads, never blocks. */
void console_watched(void);

#endif
