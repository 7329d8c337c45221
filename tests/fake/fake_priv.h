// SPDX-License-Identifier: MIT
/*
 * What the parts of the fake tell each other.
 */
#ifndef XENOLITH_FAKE_PRIV_H
#define XENOLITH_FAKE_PRIV_H

#include <stddef.h>

/**
 * fake_stack_low() - Where the stack begins that ends at @top: above the nearest guard page;
 * remembered for the guard.
 */
const void *fake_stack_low(void *top);

/** fake_stack_wipe() - Forget what AddressSanitizer knows of frames there. */
void fake_stack_wipe(const void *low, size_t bytes);

#endif
