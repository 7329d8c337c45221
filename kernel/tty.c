// SPDX-License-Identifier: MIT
/*
 * The line discipline: what a terminal's keys do to the line being typed. Pure: bytes in, echo and lines out; knows
 * nothing of rings, threads or Xen.
 */
#include "console_priv.h"

#include <xenolith/string.h>

#define CTRL(c)     ((c) & 0x1f)
#define DEL         0x7f
#define BELL        "\a"
#define ERASE_ONE   "\b \b"
#define KILL_COLUMNS 160 /* beyond that a killed line is left standing and a new one begun */

static void echo(const struct tty *t, const char *text)
{
    if (t->echo) {
        t->emit(text, strlen(text));
    }
}

/* Columns that byte @c took when it was echoed: ^X takes two, the tail bytes of a UTF-8 character none. */
static unsigned int columns(unsigned char c)
{
    if (c == '\t') {
        return 1;
    }
    if (c < ' ' || c == DEL) {
        return 2;
    }
    return (c & 0xc0) == 0x80 ? 0 : 1;
}

static void echo_byte(const struct tty *t, unsigned char c)
{
    char text[3] = {(char)c, '\0', '\0'};

    if (c == '\t') {
        text[0] = ' '; /* a tab's width is not known here, and could not be erased */
    } else if (c != '\n' && (c < ' ' || c == DEL)) {
        text[0] = '^';
        text[1] = (char)(c ^ 0x40);
    }
    echo(t, text);
}

/* Take the last character, all bytes of it, off the line and off the screen. */
static void erase_character(struct tty *t)
{
    unsigned char c;

    do {
        c = (unsigned char)t->line[--t->len];
        for (unsigned int i = columns(c); i > 0; i--) {
            echo(t, ERASE_ONE);
        }
    } while (t->len > 0 && (c & 0xc0) == 0x80);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void erase_word(struct tty *t)
{
    while (t->len > 0 && is_blank(t->line[t->len - 1])) {
        erase_character(t);
    }
    while (t->len > 0 && !is_blank(t->line[t->len - 1])) {
        erase_character(t);
    }
}

static void kill_line(struct tty *t)
{
    unsigned int width = 0;

    for (size_t i = 0; i < t->len; i++) {
        width += columns((unsigned char)t->line[i]);
    }
    if (width > KILL_COLUMNS) {
        echo(t, "^U\n");
        t->len = 0;
    }
    while (t->len > 0) {
        erase_character(t);
    }
}

/* The last place of the buffer is the '\n''s, so a line can always be ended. */
static void append(struct tty *t, unsigned char c)
{
    if (t->len >= TTY_LINE_BYTES - (c == '\n' ? 0 : 1)) {
        echo(t, BELL);
        return;
    }
    t->line[t->len++] = (char)c;
    echo_byte(t, c);
}

static void input_canonical(struct tty *t, unsigned char c)
{
    switch (c) {
    case '\r':
    case '\n':
        append(t, '\n');
        t->ready = true;
        break;
    case CTRL('D'):
        t->ready = true; /* with nothing typed: end of file */
        break;
    case CTRL('H'):
    case DEL:
        if (t->len > 0) {
            erase_character(t);
        }
        break;
    case CTRL('W'):
        erase_word(t);
        break;
    case CTRL('U'):
        kill_line(t);
        break;
    case CTRL('C'): /* there are no signals: it ends the line, not the program */
        echo(t, "^C\n");
        t->len = 0;
        break;
    default:
        append(t, c);
        break;
    }
}

bool tty_wants_input(const struct tty *t)
{
    return t->canonical ? !t->ready : t->len < TTY_LINE_BYTES;
}

void tty_input(struct tty *t, unsigned char c)
{
    if (t->canonical) {
        input_canonical(t, c);
        return;
    }
    t->line[t->len++] = (char)c;
    t->ready = true;
    if (t->echo) {
        t->emit((const char *)&c, 1);
    }
}

size_t tty_take(struct tty *t, char *buf, size_t len)
{
    size_t n = t->len - t->taken;

    n = n < len ? n : len;
    memcpy(buf, t->line + t->taken, n);
    t->taken += n;
    if (t->taken == t->len) {
        t->len = t->taken = 0;
        t->ready = false;
    }
    return n;
}

void tty_set_mode(struct tty *t, bool canonical, bool echo_on)
{
    t->canonical = canonical;
    t->echo = echo_on;
    if (!canonical) {
        t->ready = t->len > 0;
    }
}
