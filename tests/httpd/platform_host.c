// SPDX-License-Identifier: MIT
/*
 * Stands in for apps/httpd/platform_xenolith.c where httpd runs as an ordinary process: for its tests.
 */
#include <sys/resource.h>

#include "httpd.h"

void platform_figures(void (*show)(void *cookie, const struct figure *figure), void *cookie)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    show(cookie, &(struct figure){"uptime_seconds", NULL, "Seconds since the server started",
                                  (server_ms - server_start_ms) / 1000});
    show(cookie, &(struct figure){"memory_bytes", NULL, "Memory", (uint64_t)usage.ru_maxrss * 1024});
}

uint64_t platform_free_memory(void)
{
    return UINT64_C(64) << 20;
}

const char *platform_name(void)
{
    return "httpd";
}
