// SPDX-License-Identifier: MIT
/*
 * Who the one process is: number 1, root, the leader of its own session. It may call itself somebody else, as servers do that put down
 * their rights; there are no rights here, so nothing changes but the answer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../newlib/newlib_priv.h"

#define OUR_PID 1

static uid_t uid, euid;
static gid_t gid, egid;

pid_t getpid(void)
{
    return OUR_PID;
}

pid_t getppid(void)
{
    return 0;
}

pid_t getpgrp(void)
{
    return OUR_PID;
}

pid_t setsid(void)
{
    return OUR_PID;
}

static pid_t group_of(pid_t pid)
{
    return (pid_t)libc_result(pid == 0 || pid == OUR_PID ? OUR_PID : -ESRCH);
}

pid_t getpgid(pid_t pid)
{
    return group_of(pid);
}

pid_t getsid(pid_t pid)
{
    return group_of(pid);
}

int setpgid(pid_t pid, pid_t group)
{
    (void)group;
    return group_of(pid) < 0 ? -1 : 0;
}

/* There is no foreground to leave, and nobody who waits for us to. */
int daemon(int keep_directory, int keep_streams)
{
    (void)keep_directory;
    (void)keep_streams;
    return 0;
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    (void)pid;
    (void)status;
    (void)options;
    return (pid_t)libc_result(-ECHILD);
}

pid_t wait(int *status)
{
    return waitpid(-1, status, 0);
}

int nice(int change)
{
    (void)change;
    return 0;
}

uid_t getuid(void)
{
    return uid;
}

uid_t geteuid(void)
{
    return euid;
}

gid_t getgid(void)
{
    return gid;
}

gid_t getegid(void)
{
    return egid;
}

int setuid(uid_t to)
{
    uid = euid = to;
    return 0;
}

int seteuid(uid_t to)
{
    euid = to;
    return 0;
}

int setreuid(uid_t to, uid_t to_effective)
{
    uid = to != (uid_t)-1 ? to : uid;
    euid = to_effective != (uid_t)-1 ? to_effective : euid;
    return 0;
}

int setgid(gid_t to)
{
    gid = egid = to;
    return 0;
}

int setegid(gid_t to)
{
    egid = to;
    return 0;
}

int setregid(gid_t to, gid_t to_effective)
{
    gid = to != (gid_t)-1 ? to : gid;
    egid = to_effective != (gid_t)-1 ? to_effective : egid;
    return 0;
}

/* BSD's question whether the program runs with more rights than its caller has. */
int issetugid(void)
{
    return 0;
}

int getgroups(int size, gid_t list[])
{
    (void)size;
    (void)list;
    return 0;
}

int setgroups(int nr, const gid_t *list)
{
    (void)nr;
    (void)list;
    return 0;
}

int initgroups(const char *user, gid_t group)
{
    (void)user;
    (void)group;
    return 0;
}
