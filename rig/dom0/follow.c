// SPDX-License-Identifier: MIT
/*
 * follow: shows a file as it grows, or waits until a line of it matches.
 *
 *   follow FILE                          copies FILE to standard output until SIGTERM, then to its end
 *   follow -e REGEX [-t S] [-o N] FILE   prints the first matching line after byte N; 1 = time-out
 *   follow -x [-t S] FILE                waits until FILE exists; 1 = time-out
 *
 * Owns nothing but its descriptors. Waits by inotify, never by looking again and again; FILE need
 * not exist yet. A line that is not ended yet is matched too: a prompt has no newline.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 65536

struct search {
    regex_t regex;
    char line[LINE_MAX_BYTES];
    size_t len_bytes;
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool line_matches(struct search *s)
{
    s->line[s->len_bytes] = '\0';
    while (s->len_bytes > 0 && s->line[s->len_bytes - 1] == '\r') {
        s->line[--s->len_bytes] = '\0';
    }
    if (regexec(&s->regex, s->line, 0, NULL, 0) != 0) {
        return false;
    }
    puts(s->line);
    return true;
}

/* A NUL would hide the rest of its line from the regex. */
static bool search_bytes(struct search *s, const char *data, size_t len_bytes)
{
    for (size_t i = 0; i < len_bytes; i++) {
        if (data[i] == '\n' || s->len_bytes == sizeof(s->line) - 1) {
            if (line_matches(s)) {
                return true;
            }
            s->len_bytes = 0;
        } else if (data[i] != '\0') {
            s->line[s->len_bytes++] = data[i];
        }
    }
    return false;
}

/* Returns true when the search has found its line. */
static bool take_new_bytes(int fd, struct search *s)
{
    char data[8192];
    ssize_t n;

    while ((n = read(fd, data, sizeof(data))) > 0) {
        if (s == NULL) {
            for (ssize_t done = 0, w; done < n; done += w) {
                w = write(1, data + done, (size_t)(n - done));
                if (w < 0) {
                    exit(1);
                }
            }
        } else if (search_bytes(s, data, (size_t)n)) {
            return true;
        }
    }
    return s != NULL && s->len_bytes > 0 && line_matches(s);
}

static int follow(const char *path, int notify, int signals, struct search *s, bool exists_only,
                  int64_t end_ms, off_t offset)
{
    char events[4096];
    struct pollfd fds[2] = {{.fd = notify, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    int fd = -1;

    for (;;) {
        bool ended = fds[1].revents != 0;
        int64_t left_ms = end_ms < 0 ? -1 : end_ms - now_ms();

        if (exists_only && access(path, F_OK) == 0) {
            return 0;
        }
        if (fd < 0 && !exists_only && (fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0) {
            inotify_add_watch(notify, path, IN_MODIFY);
            lseek(fd, offset, SEEK_SET);
        }
        if (fd >= 0 && take_new_bytes(fd, s)) {
            return 0;
        }
        if (ended || (end_ms >= 0 && left_ms <= 0)) {
            return s != NULL || exists_only;
        }
        poll(fds, 2, left_ms > 60000 ? 60000 : (int)left_ms);
        if (fds[0].revents != 0 && read(notify, events, sizeof(events)) < 0) {
            return 2;
        }
    }
}

int main(int argc, char **argv)
{
    static struct search search;
    struct search *s = NULL;
    int64_t end_ms = -1;
    off_t offset = 0;
    bool exists_only = false;
    sigset_t set;
    char *folder;
    int option, notify;

    while ((option = getopt(argc, argv, "xe:t:o:")) != -1) {
        if (option == 'e' && regcomp(&search.regex, optarg, REG_EXTENDED | REG_NOSUB) == 0) {
            s = &search;
        } else if (option == 'x') {
            exists_only = true;
        } else if (option == 't') {
            end_ms = now_ms() + (int64_t)(atof(optarg) * 1000);
        } else if (option == 'o') {
            offset = atoll(optarg);
        } else {
            fprintf(stderr, "usage: follow [-x | -e REGEX] [-t SECONDS] [-o OFFSET] FILE\n");
            return 2;
        }
    }
    if (optind != argc - 1) {
        fprintf(stderr, "usage: follow [-x | -e REGEX] [-t SECONDS] [-o OFFSET] FILE\n");
        return 2;
    }
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    folder = strdup(argv[optind]);
    inotify_add_watch(notify, dirname(folder), IN_CREATE | IN_MOVED_TO);
    return follow(argv[optind], notify, signalfd(-1, &set, SFD_CLOEXEC), s, exists_only, end_ms, offset);
}
