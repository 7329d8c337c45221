// SPDX-License-Identifier: MIT
/*
 * system() where there is no command processor, which the C standard has a way to say: system(NULL) is 0. newlib's own would fork.
 */
#include <errno.h>
#include <reent.h>
#include <stdlib.h>

int system(const char *command)
{
    if (command == NULL) {
        return 0;
    }
    errno = ENOSYS;
    return -1;
}

int _system_r(struct _reent *reent, const char *command);

int _system_r(struct _reent *reent, const char *command)
{
    (void)reent;
    return system(command);
}
