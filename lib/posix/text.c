// SPDX-License-Identifier: MIT
/*
 * Small things about text and dates that newlib leaves out or has under other names.
 */
#define _GNU_SOURCE
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

ssize_t getdelim(char **restrict line, size_t *restrict size, int end, FILE *restrict stream)
{
    return __getdelim(line, size, end, stream);
}

ssize_t getline(char **restrict line, size_t *restrict size, FILE *restrict stream)
{
    return __getdelim(line, size, '\n', stream);
}

/* Days from 1970-01-01 to a date of the Gregorian calendar; years count from March, so that leap days come last. */
static long long days_to(long long year, int month, int day)
{
    long long era, of_era, of_year;

    year -= month <= 2;
    era = (year >= 0 ? year : year - 399) / 400;
    of_era = year - era * 400;
    of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

time_t timegm(struct tm *tm)
{
    long long year = tm->tm_year + 1900LL + tm->tm_mon / 12;
    int month = tm->tm_mon % 12;
    time_t t;

    if (month < 0) {
        month += 12;
        year--;
    }
    t = (time_t)((days_to(year, month + 1, 1) + tm->tm_mday - 1) * 86400 + tm->tm_hour * 3600LL +
                 tm->tm_min * 60LL + tm->tm_sec);
    (void)gmtime_r(&t, tm);
    return t;
}

/* Without the slashes at its end, unless it is nothing else. */
static size_t trimmed(const char *path, size_t length)
{
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    return length;
}

char *basename(char *path)
{
    static char here[] = ".";
    size_t length;
    char *slash;

    if (path == NULL || path[0] == '\0') {
        return here;
    }
    length = trimmed(path, strlen(path));
    path[length] = '\0';
    slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

char *dirname(char *path)
{
    static char here[] = ".";
    size_t length;

    if (path == NULL || path[0] == '\0') {
        return here;
    }
    length = trimmed(path, strlen(path));
    while (length > 0 && path[length - 1] != '/') {
        length--;
    }
    if (length == 0) {
        return here;
    }
    path[trimmed(path, length)] = '\0';
    return path;
}
