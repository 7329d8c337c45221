// SPDX-License-Identifier: MIT
/*
 * httpd: the HTTP/1.1 server. This file owns its options. docs/httpd.md describes them and what the server does.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "httpd.h"

/* What a connection may cost on the average: the stack's buffers for what was sent and received, and our own part. */
#define CONNECTION_BYTES (8 * 1024)
#define CONNECTIONS_MIN  16
#define CONNECTIONS_MAX  50000

struct options options = {
    .root = "/",
    .port = 80,
    .max_head = 8192,
    .max_upload = UINT64_C(1) << 40,
    .small_file = 16384,
    .head_timeout = 10,
    .idle_timeout = 30,
    .body_timeout = 20,
    .write_timeout = 60,
};

static void say(const char *a, const char *b)
{
    char line[256];
    struct text t = text_in(line, sizeof(line));

    text_add(&t, "httpd: ");
    text_add(&t, a);
    text_add(&t, b);
    text_add(&t, "\n");
    if (write(1, line, t.length) < 0) {
        options.log = false;
    }
}

static const struct {
    const char *name;
    uint64_t *value, min, max;
} numbers[] = {
    {"port", &options.port, 1, 65535},
    {"max-connections", &options.max_connections, 1, 1000000},
    {"max-head", &options.max_head, 256, 65536},
    {"max-upload", &options.max_upload, 0, UINT64_MAX / 2},
    {"cache", &options.cache_bytes, 4096, UINT64_MAX / 2},
    {"small-file", &options.small_file, 0, 1 << 20},
    {"head-timeout", &options.head_timeout, 1, 86400},
    {"idle-timeout", &options.idle_timeout, 1, 86400},
    {"body-timeout", &options.body_timeout, 1, 86400},
    {"write-timeout", &options.write_timeout, 1, 86400},
};

static bool take_option(const char *word)
{
    if (strcmp(word, "--log") == 0) {
        options.log = true;
        return true;
    }
    if (strcmp(word, "--no-status") == 0) {
        options.no_status = true;
        return true;
    }
    if (strncmp(word, "--root=", 7) == 0 && word[7] == '/' && strlen(word) < 256) {
        options.root = word + 7;
        return true;
    }
    for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        size_t length = strlen(numbers[i].name);

        if (strncmp(word, "--", 2) == 0 && strncmp(word + 2, numbers[i].name, length) == 0 &&
            word[2 + length] == '=') {
            char *end;

            errno = 0;
            *numbers[i].value = strtoull(word + 3 + length, &end, 10);
            return errno == 0 && end != word + 3 + length && *end == '\0' &&
                   *numbers[i].value >= numbers[i].min && *numbers[i].value <= numbers[i].max;
        }
    }
    return false;
}

/* What the domain's memory allows, where the options do not say. */
static void size_from_memory(void)
{
    uint64_t memory = platform_free_memory();

    if (options.cache_bytes == 0) {
        options.cache_bytes = memory / 8 < 8 << 20 ? memory / 8 : 8 << 20;
    }
    if (options.max_connections == 0) {
        uint64_t connections = memory / 2 / CONNECTION_BYTES;

        options.max_connections = connections < CONNECTIONS_MIN   ? CONNECTIONS_MIN
                                  : connections > CONNECTIONS_MAX ? CONNECTIONS_MAX
                                                                  : connections;
    }
    files_init(options.cache_bytes, 256);
}

int main(int argc, char **argv)
{
    char digits[96];
    struct text t = text_in(digits, sizeof(digits) - 1);

    for (int i = 1; i < argc; i++) {
        if (!take_option(argv[i])) {
            say("not understood: ", argv[i]);
            return 2;
        }
    }
    signal(SIGPIPE, SIG_IGN);
    size_from_memory();
    if (server_start() != 0) {
        say("cannot serve: ", strerror(errno));
        return 1;
    }
    text_number(&t, options.port, 1);
    text_add(&t, ", at most ");
    text_number(&t, options.max_connections, 1);
    text_add(&t, " connections");
    digits[t.length] = '\0';
    say("port ", digits);
    server_run();
    return 0;
}
