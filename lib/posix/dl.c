// SPDX-License-Identifier: MIT
/*
 * Loading of shared objects fails, with an explanation. An image is linked once and whole.
 */
#include <dlfcn.h>
#include <stddef.h>

static const char *last_error;

void *dlopen(const char *path, int flags)
{
    (void)path;
    (void)flags;
    last_error = "an image of Xenolith is linked whole: it loads no shared objects";
    return NULL;
}

void *dlsym(void *restrict handle, const char *restrict name)
{
    (void)handle;
    (void)name;
    last_error = "an image of Xenolith keeps no symbols to search";
    return NULL;
}

int dlclose(void *handle)
{
    (void)handle;
    last_error = "no shared object is open";
    return -1;
}

char *dlerror(void)
{
    const char *error = last_error;

    last_error = NULL;
    return (char *)error;
}

int dladdr(const void *address, Dl_info *info)
{
    (void)address;
    (void)info;
    return 0;
}
