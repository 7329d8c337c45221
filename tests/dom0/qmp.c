// SPDX-License-Identifier: MIT
/*
 * Talks to a QEMU in dom0: qmp SOCKET COMMAND..., each in JSON. Prints what QEMU returns, a line each; its events are passed over.
 * Ends with 1 when QEMU refuses one, 2 when it does not answer.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool say(int fd, const char *line)
{
    return dprintf(fd, "%s\n", line) > 0;
}

/* The answer to the last command. False: none came. */
static bool hear(FILE *in, char *line, int bytes)
{
    do {
        if (fgets(line, bytes, in) == NULL) {
            return false;
        }
    } while (strncmp(line, "{\"return\"", 9) != 0 && strncmp(line, "{\"error\"", 8) != 0);
    return true;
}

int main(int argc, char **argv)
{
    static char line[1 << 16];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), status = 0;
    FILE *in = fdopen(fd, "r");

    if (argc < 3 || strlen(argv[1]) >= sizeof(address.sun_path)) {
        fprintf(stderr, "usage: qmp SOCKET COMMAND...\n");
        return 2;
    }
    strcpy(address.sun_path, argv[1]);
    if (in == NULL || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        !say(fd, "{\"execute\": \"qmp_capabilities\"}") || !hear(in, line, sizeof(line))) {
        perror(argv[1]);
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        if (!say(fd, argv[i]) || !hear(in, line, sizeof(line))) {
            return 2;
        }
        fputs(line, stdout);
        status |= strncmp(line, "{\"error\"", 8) == 0;
    }
    return status;
}
