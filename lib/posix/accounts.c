// SPDX-License-Identifier: MIT
/*
 * The accounts that every Unix has: root, and nobody for those who want to be less.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NR_ACCOUNTS 2

/* The structures hold what a program could write to. */
static char root[] = "root", nobody[] = "nobody", nogroup[] = "nogroup", locked[] = "*";
static char no_comment[] = "", top[] = "/", shell[] = "/bin/sh";
static char *no_members[] = {NULL};

static struct passwd users[NR_ACCOUNTS] = {
    {root, locked, 0, 0, no_comment, root, top, shell},
    {nobody, locked, 65534, 65534, no_comment, nobody, top, shell},
};

static struct group groups[NR_ACCOUNTS] = {
    {root, locked, 0, no_members},
    {nogroup, locked, 65534, no_members},
};

static int next_user, next_group;

struct passwd *getpwnam(const char *name)
{
    for (int i = 0; i < NR_ACCOUNTS; i++) {
        if (strcmp(users[i].pw_name, name) == 0) {
            return &users[i];
        }
    }
    return NULL;
}

struct passwd *getpwuid(uid_t uid)
{
    for (int i = 0; i < NR_ACCOUNTS; i++) {
        if (users[i].pw_uid == uid) {
            return &users[i];
        }
    }
    return NULL;
}

/* The strings are constants: nothing has to be copied into the caller's buffer. */
int getpwnam_r(const char *name, struct passwd *out, char *buf, size_t bytes, struct passwd **result)
{
    const struct passwd *found = getpwnam(name);

    (void)buf;
    (void)bytes;
    *result = found != NULL ? out : NULL;
    if (found != NULL) {
        *out = *found;
    }
    return 0;
}

int getpwuid_r(uid_t uid, struct passwd *out, char *buf, size_t bytes, struct passwd **result)
{
    const struct passwd *found = getpwuid(uid);

    (void)buf;
    (void)bytes;
    *result = found != NULL ? out : NULL;
    if (found != NULL) {
        *out = *found;
    }
    return 0;
}

struct passwd *getpwent(void)
{
    return next_user < NR_ACCOUNTS ? &users[next_user++] : NULL;
}

void setpwent(void)
{
    next_user = 0;
}

void endpwent(void)
{
    next_user = 0;
}

struct group *getgrnam(const char *name)
{
    for (int i = 0; i < NR_ACCOUNTS; i++) {
        if (strcmp(groups[i].gr_name, name) == 0) {
            return &groups[i];
        }
    }
    return NULL;
}

struct group *getgrgid(gid_t gid)
{
    for (int i = 0; i < NR_ACCOUNTS; i++) {
        if (groups[i].gr_gid == gid) {
            return &groups[i];
        }
    }
    return NULL;
}

int getgrnam_r(const char *name, struct group *out, char *buf, size_t bytes, struct group **result)
{
    const struct group *found = getgrnam(name);

    (void)buf;
    (void)bytes;
    *result = found != NULL ? out : NULL;
    if (found != NULL) {
        *out = *found;
    }
    return 0;
}

int getgrgid_r(gid_t gid, struct group *out, char *buf, size_t bytes, struct group **result)
{
    const struct group *found = getgrgid(gid);

    (void)buf;
    (void)bytes;
    *result = found != NULL ? out : NULL;
    if (found != NULL) {
        *out = *found;
    }
    return 0;
}

struct group *getgrent(void)
{
    return next_group < NR_ACCOUNTS ? &groups[next_group++] : NULL;
}

void setgrent(void)
{
    next_group = 0;
}

void endgrent(void)
{
    next_group = 0;
}

int getlogin_r(char *name, size_t bytes)
{
    return snprintf(name, bytes, "%s", users[0].pw_name) < (int)bytes ? 0 : ERANGE;
}

char *getlogin(void)
{
    return users[0].pw_name;
}
