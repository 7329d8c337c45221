// SPDX-License-Identifier: MIT
/*
 * Between the trace's writer and the way out over the console.
 */
#ifndef XENOLITH_TRACE_PRIV_H
#define XENOLITH_TRACE_PRIV_H

#include <stdbool.h>
#include <stddef.h>

/** trace_snapshot() - Stop tracing. @data, @bytes: header and all records there are. False when nothing was ever traced. */
bool trace_snapshot(const void **data, size_t *bytes);

#endif
