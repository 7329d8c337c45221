// SPDX-License-Identifier: MIT
/*
 * termios over the console. It knows lines or bytes, echo, and '\r' before '\n'; the other settings are kept and have no effect.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include <xenolith/console.h>
#include <xenolith/vfs.h>

#include "../newlib/newlib_priv.h"

static struct termios settings = {
    .c_iflag = ICRNL | IXON,
    .c_oflag = OPOST | ONLCR,
    .c_cflag = CS8 | CREAD | CLOCAL,
    .c_lflag = ICANON | ECHO | ECHOE | ECHOK | IEXTEN,
    .c_cc = {[VERASE] = 0177, [VKILL] = 025, [VEOF] = 4, [VWERASE] = 027, [VMIN] = 1},
    .c_ispeed = B115200,
    .c_ospeed = B115200,
};

static int check_terminal(int fd)
{
    struct file_info info = {0};
    int rc = fd_info(fd, &info);

    if (rc != 0) {
        return rc == -EBADF ? rc : -ENOTTY;
    }
    return info.is_terminal ? 0 : -ENOTTY;
}

static void drop_input(void)
{
    char scratch[64];

    while (console_input_ready() && console_read(scratch, sizeof(scratch)) > 0) {
    }
}

int tcgetattr(int fd, struct termios *out)
{
    int rc = check_terminal(fd);

    if (rc == 0) {
        *out = settings;
    }
    return (int)libc_result(rc);
}

int tcsetattr(int fd, int when, const struct termios *set)
{
    int rc = check_terminal(fd);

    if (rc == 0 && (when < TCSANOW || when > TCSAFLUSH)) {
        rc = -EINVAL;
    }
    if (rc != 0) {
        return (int)libc_result(rc);
    }
    if (when != TCSANOW) {
        console_flush();
    }
    if (when == TCSAFLUSH) {
        drop_input();
    }
    settings = *set;
    console_set_mode((set->c_lflag & ICANON) != 0, (set->c_lflag & ECHO) != 0);
    console_set_crlf((set->c_oflag & OPOST) != 0 && (set->c_oflag & ONLCR) != 0);
    return 0;
}

int tcdrain(int fd)
{
    int rc = check_terminal(fd);

    if (rc == 0) {
        console_flush();
    }
    return (int)libc_result(rc);
}

int tcflush(int fd, int queue)
{
    int rc = check_terminal(fd);

    if (rc == 0 && (queue < TCIFLUSH || queue > TCIOFLUSH)) {
        rc = -EINVAL;
    }
    if (rc == 0 && queue != TCOFLUSH) {
        drop_input();
    }
    return (int)libc_result(rc);
}

int tcflow(int fd, int action)
{
    (void)action;
    return (int)libc_result(check_terminal(fd));
}

int tcsendbreak(int fd, int duration)
{
    (void)duration;
    return (int)libc_result(check_terminal(fd));
}

pid_t tcgetsid(int fd)
{
    int rc = check_terminal(fd);

    return (pid_t)libc_result(rc != 0 ? rc : getpid());
}

pid_t tcgetpgrp(int fd)
{
    return tcgetsid(fd);
}

void cfmakeraw(struct termios *t)
{
    t->c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    t->c_oflag &= ~(tcflag_t)OPOST;
    t->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    t->c_cflag = (t->c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    t->c_cc[VMIN] = 1;
    t->c_cc[VTIME] = 0;
}

speed_t cfgetispeed(const struct termios *t)
{
    return t->c_ispeed;
}

speed_t cfgetospeed(const struct termios *t)
{
    return t->c_ospeed;
}

int cfsetispeed(struct termios *t, speed_t speed)
{
    t->c_ispeed = speed;
    return 0;
}

int cfsetospeed(struct termios *t, speed_t speed)
{
    t->c_ospeed = speed;
    return 0;
}

int cfsetspeed(struct termios *t, speed_t speed)
{
    t->c_ispeed = t->c_ospeed = speed;
    return 0;
}

int ttyname_r(int fd, char *name, size_t bytes)
{
    int rc = check_terminal(fd);

    if (rc != 0) {
        return -rc;
    }
    return (size_t)snprintf(name, bytes, "/dev/console") < bytes ? 0 : ERANGE;
}

char *ttyname(int fd)
{
    static char name[16];
    int rc = ttyname_r(fd, name, sizeof(name));

    if (rc != 0) {
        errno = rc;
        return NULL;
    }
    return name;
}
