// SPDX-License-Identifier: MIT
/*
 * The other processor, instruction by instruction: a hook runs before each access that the code under test makes to
 * a shared page, so a test can let Xen or another domain act between any two of them.
 */
#ifndef XENOLITH_FAKE_WATCH_H
#define XENOLITH_FAKE_WATCH_H

#include <stddef.h>

/**
 * fake_watch() - Call @fn(n) before the n-th access (from 0) to the page at @page, until fake_watch_end().
 * What @fn itself, and an upcall that it raises, does there is not counted. The page must be readable and writable.
 */
void fake_watch(void *page, void (*fn)(unsigned int n));

/** fake_watch_end() - Return: how many accesses there were. */
unsigned int fake_watch_end(void);

#endif
