// SPDX-License-Identifier: MIT
/*
 * Processors and policies for programs that ask: one processor, one policy.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>

#include <xenolith/sched.h>

#include "../newlib/newlib_priv.h"

int sched_yield(void)
{
    thread_yield();
    return 0;
}

int sched_getcpu(void)
{
    return 0;
}

int sched_getaffinity(pid_t pid, size_t bytes, cpu_set_t *set)
{
    (void)pid;
    if (bytes < sizeof(unsigned long)) {
        return (int)libc_result(-EINVAL);
    }
    memset(set, 0, bytes);
    CPU_SET(0, set);
    return 0;
}

int sched_setaffinity(pid_t pid, size_t bytes, const cpu_set_t *set)
{
    (void)pid;
    return (int)libc_result(bytes < sizeof(unsigned long) || !CPU_ISSET(0, set) ? -EINVAL : 0);
}

static int check_policy(int policy)
{
    return policy == SCHED_OTHER || policy == SCHED_FIFO || policy == SCHED_RR ? 0 : -EINVAL;
}

int sched_get_priority_max(int policy)
{
    return (int)libc_result(check_policy(policy));
}

int sched_get_priority_min(int policy)
{
    return (int)libc_result(check_policy(policy));
}

int sched_getscheduler(pid_t pid)
{
    (void)pid;
    return SCHED_OTHER;
}

/* Threads run until they block: there is nothing that another policy or priority could change. */
int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
    (void)pid;
    (void)param;
    return (int)libc_result(policy == SCHED_OTHER ? 0 : -EPERM);
}

int sched_getparam(pid_t pid, struct sched_param *param)
{
    (void)pid;
    *param = (struct sched_param){0};
    return 0;
}

int sched_setparam(pid_t pid, const struct sched_param *param)
{
    (void)pid;
    return (int)libc_result(param->sched_priority == 0 ? 0 : -EINVAL);
}
