// SPDX-License-Identifier: MIT
/*
 * Between frontend.c and frontend_step.c.
 */
#ifndef XENBUS_FRONTEND_PRIV_H
#define XENBUS_FRONTEND_PRIV_H

#include <xenolith/frontend.h>

/** frontend_step() - Look at what has changed about @f and take it as far as it goes now. Context: the frontends' thread. */
void frontend_step(struct frontend *f);

/** frontend_on_backend() - Callback of the watch on the backend's folder. */
void frontend_on_backend(struct xs_watch *watch, const char *path);

#endif
