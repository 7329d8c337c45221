// SPDX-License-Identifier: MIT
/*
 * Claim: what a program has written to a connection arrives, and the connection ends in order, though it returns from main() at once; of
 * two connections also the one that was closed before.
 */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system_test.h"

#define BYTES 600000u

static void write_digits(const char *port)
{
    static char digits[BYTES];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t sent = 0;

    to.sin_addr.s_addr = inet_addr("10.0.2.4");
    CHECK_EQUAL(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    for (size_t i = 0; i < BYTES; i++) {
        digits[i] = (char)('0' + i % 10);
    }
    while (sent < BYTES) {
        ssize_t n = write(fd, digits + sent, BYTES - sent);

        CHECK(n > 0);
        sent += (size_t)n;
    }
    if (atoi(port) == 7001) {
        CHECK_EQUAL(close(fd), 0);
    }
}

int main(void)
{
    write_digits("7000");
    write_digits("7001");
    test_success();
}
