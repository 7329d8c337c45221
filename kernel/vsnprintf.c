// SPDX-License-Identifier: MIT
/*
 * Formatting for the kernel's own messages. Integers, strings and pointers only: it never touches the FPU,
 * never allocates, and runs in any context.
 */
#include <xenolith/printk.h>

#include <stdbool.h>
#include <stdint.h>

/* struct sink - Where characters go; len counts also those that did not fit. */
struct sink {
    char *buf;
    size_t bytes;
    size_t len;
};

/* struct spec - One conversion, between '%' and its letter. */
struct spec {
    bool left, zero, plus, space, alt;
    int width;
    int precision; /* -1: none given */
    int size;      /* bytes of the argument, for integers */
};

static void put(struct sink *s, char c)
{
    if (s->len + 1 < s->bytes) {
        s->buf[s->len] = c;
    }
    s->len++;
}

static void pad(struct sink *s, char c, int count)
{
    while (count-- > 0) {
        put(s, c);
    }
}

static void put_string(struct sink *s, const struct spec *spec, const char *str)
{
    int len = 0;

    if (str == NULL) {
        str = "(null)";
    }
    while ((spec->precision < 0 || len < spec->precision) && str[len] != '\0') {
        len++;
    }
    if (!spec->left) {
        pad(s, ' ', spec->width - len);
    }
    for (int i = 0; i < len; i++) {
        put(s, str[i]);
    }
    if (spec->left) {
        pad(s, ' ', spec->width - len);
    }
}

static void put_number(struct sink *s, const struct spec *spec, uint64_t value, unsigned int base, bool upper,
                       const char *prefix)
{
    const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char digits[24];
    int nr = 0, prefix_len = 0, zeros = 0;

    for (uint64_t v = value; v != 0; v /= base) {
        digits[nr++] = set[v % base];
    }
    if (nr == 0 && spec->precision != 0) {
        digits[nr++] = '0';
    }
    while (prefix[prefix_len] != '\0') {
        prefix_len++;
    }
    if (spec->precision >= 0) {
        zeros = spec->precision - nr;
    } else if (spec->zero && !spec->left) {
        zeros = spec->width - nr - prefix_len;
    }
    zeros = zeros > 0 ? zeros : 0;

    if (!spec->left) {
        pad(s, ' ', spec->width - nr - prefix_len - zeros);
    }
    for (int i = 0; i < prefix_len; i++) {
        put(s, prefix[i]);
    }
    pad(s, '0', zeros);
    for (int i = nr; i > 0; i--) {
        put(s, digits[i - 1]);
    }
    if (spec->left) {
        pad(s, ' ', spec->width - nr - prefix_len - zeros);
    }
}

/* A number of at most 9999 from the format; more would only pad a message beyond any buffer. */
static int parse_number(const char **fmt)
{
    int n = 0;

    while (**fmt >= '0' && **fmt <= '9') {
        n = n < 1000 ? n * 10 + (**fmt - '0') : 9999;
        (*fmt)++;
    }
    return n;
}

static int clamp_number(int n)
{
    return n > 9999 ? 9999 : n;
}

static const char *parse_flags(const char *fmt, struct spec *spec)
{
    for (;; fmt++) {
        switch (*fmt) {
        case '-':
            spec->left = true;
            break;
        case '0':
            spec->zero = true;
            break;
        case '+':
            spec->plus = true;
            break;
        case ' ':
            spec->space = true;
            break;
        case '#':
            spec->alt = true;
            break;
        default:
            return fmt;
        }
    }
}

static const char *parse_size(const char *fmt, struct spec *spec)
{
    spec->size = sizeof(int);
    switch (*fmt) {
    case 'h':
        fmt++;
        spec->size = sizeof(short);
        if (*fmt == 'h') {
            fmt++;
            spec->size = sizeof(char);
        }
        break;
    case 'l':
        fmt++;
        spec->size = sizeof(long);
        if (*fmt == 'l') {
            fmt++;
        }
        break;
    case 'z':
    case 'j':
    case 't':
        fmt++;
        spec->size = sizeof(size_t);
        break;
    default:
        break;
    }
    return fmt;
}

static void put_signed(struct sink *s, const struct spec *spec, int64_t value)
{
    const char *sign;

    if (spec->size == sizeof(char)) {
        value = (signed char)value;
    } else if (spec->size == sizeof(short)) {
        value = (short)value;
    }
    sign = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";
    put_number(s, spec, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, false, sign);
}

static void put_unsigned(struct sink *s, const struct spec *spec, uint64_t value, char conv)
{
    const char *prefix = "";
    unsigned int base = conv == 'u' ? 10 : conv == 'o' ? 8 : 16;

    if (spec->size == sizeof(char)) {
        value = (unsigned char)value;
    } else if (spec->size == sizeof(short)) {
        value = (unsigned short)value;
    }
    if (spec->alt && value != 0 && base != 10) {
        prefix = base == 8 ? "0" : conv == 'X' ? "0X" : "0x";
    }
    put_number(s, spec, value, base, conv == 'X', prefix);
}

static void put_char(struct sink *s, const struct spec *spec, char c)
{
    pad(s, ' ', spec->left ? 0 : spec->width - 1);
    put(s, c);
    pad(s, ' ', spec->left ? spec->width - 1 : 0);
}

/* Flags, width, precision and size; @ap gives what `*` stands for. */
static const char *parse_spec(const char *fmt, struct spec *spec, va_list *ap)
{
    fmt = parse_flags(fmt, spec);
    if (*fmt == '*') {
        int width = va_arg(*ap, int);

        fmt++;
        spec->left |= width < 0;
        spec->width = clamp_number(width < -9999 ? 9999 : width < 0 ? -width : width);
    } else {
        spec->width = parse_number(&fmt);
    }
    if (*fmt == '.') {
        fmt++;
        if (*fmt == '*') {
            fmt++;
            spec->precision = clamp_number(va_arg(*ap, int));
        } else {
            spec->precision = parse_number(&fmt);
        }
    }
    return parse_size(fmt, spec);
}

static void convert(struct sink *s, const struct spec *spec, char conv, va_list *ap)
{
    bool is_long = spec->size == sizeof(long);

    switch (conv) {
    case 'd':
    case 'i':
        put_signed(s, spec, is_long ? va_arg(*ap, long) : va_arg(*ap, int));
        break;
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        put_unsigned(s, spec, is_long ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned int), conv);
        break;
    case 'p':
        put_number(s, spec, (uintptr_t)va_arg(*ap, void *), 16, false, "0x");
        break;
    case 's':
        put_string(s, spec, va_arg(*ap, const char *));
        break;
    case 'c':
        put_char(s, spec, (char)va_arg(*ap, int));
        break;
    case '%':
        put(s, '%');
        break;
    default: /* shown as it stands, so that the mistake is seen */
        put(s, '%');
        put(s, conv);
        break;
    }
}

int kvsnprintf(char *buf, size_t bytes, const char *fmt, va_list ap)
{
    struct sink sink = {.buf = buf, .bytes = bytes};
    va_list args;

    va_copy(args, ap);
    while (*fmt != '\0') {
        struct spec spec = {.precision = -1};

        if (*fmt != '%') {
            put(&sink, *fmt++);
            continue;
        }
        fmt = parse_spec(fmt + 1, &spec, &args);
        if (*fmt == '\0') {
            break;
        }
        convert(&sink, &spec, *fmt++, &args);
    }
    va_end(args);

    if (bytes > 0) {
        buf[sink.len < bytes ? sink.len : bytes - 1] = '\0';
    }
    return (int)sink.len;
}

int ksnprintf(char *buf, size_t bytes, const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = kvsnprintf(buf, bytes, fmt, ap);
    va_end(ap);
    return len;
}
