// SPDX-License-Identifier: MIT
/*
 * newlib's own, and the sets of processors that it leaves out.
 */
#ifndef _XENOLITH_SCHED_H
#define _XENOLITH_SCHED_H

#include_next <sched.h>

#include <string.h>

#define CPU_SETSIZE 1024

typedef struct {
    unsigned long __bits[CPU_SETSIZE / (8 * sizeof(unsigned long))];
} cpu_set_t;

#define __CPU_WORD(cpu) ((size_t)(cpu) / (8 * sizeof(unsigned long)))
#define __CPU_BIT(cpu)  (1UL << ((size_t)(cpu) % (8 * sizeof(unsigned long))))
#define __CPU_IS(cpu)   ((size_t)(cpu) < CPU_SETSIZE)

#define CPU_ZERO(set)       ((void)memset((set), 0, sizeof(cpu_set_t)))
#define CPU_SET(cpu, set)   ((void)(__CPU_IS(cpu) && ((set)->__bits[__CPU_WORD(cpu)] |= __CPU_BIT(cpu))))
#define CPU_CLR(cpu, set)   ((void)(__CPU_IS(cpu) && ((set)->__bits[__CPU_WORD(cpu)] &= ~__CPU_BIT(cpu))))
#define CPU_ISSET(cpu, set) (__CPU_IS(cpu) && ((set)->__bits[__CPU_WORD(cpu)] & __CPU_BIT(cpu)) != 0)
#define CPU_EQUAL(a, b)     (memcmp((a), (b), sizeof(cpu_set_t)) == 0)
#define CPU_COUNT(set)      __cpu_count(set)

static __inline int __cpu_count(const cpu_set_t *set)
{
    int count = 0;

    for (size_t i = 0; i < sizeof(set->__bits) / sizeof(set->__bits[0]); i++) {
        count += __builtin_popcountl(set->__bits[i]);
    }
    return count;
}

__BEGIN_DECLS
int sched_getaffinity(pid_t pid, size_t bytes, cpu_set_t *set);
int sched_setaffinity(pid_t pid, size_t bytes, const cpu_set_t *set);
int sched_getcpu(void);
int sched_get_priority_max(int policy);
int sched_get_priority_min(int policy);
int sched_getscheduler(pid_t pid);
int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param);
int sched_getparam(pid_t pid, struct sched_param *param);
int sched_setparam(pid_t pid, const struct sched_param *param);
__END_DECLS

#endif
