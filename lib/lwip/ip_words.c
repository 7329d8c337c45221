// SPDX-License-Identifier: MIT
/*
 * Takes the words apart. Every byte of them may be wrong; what is wrong is said in a word or two.
 */
#include "ip_words.h"

#include <string.h>

#include <xenolith/compiler.h>
#include <xenolith/errno.h>

#define FIELD_BYTES 64

static int refuse(const char **why, const char *text)
{
    *why = text;
    return -EINVAL;
}

/** number() - Decimal, at most @max. How many characters; 0 if none or too large. */
static unsigned int number(const char *text, unsigned int max, unsigned int *out)
{
    unsigned int n = 0, v = 0;

    while (text[n] >= '0' && text[n] <= '9') {
        v = v * 10 + (unsigned int)(text[n++] - '0');
        if (v > max || n > 4) {
            return 0;
        }
    }
    *out = v;
    return n;
}

/** parse_v4() - The whole of @text as a dotted quad, in network order. */
static bool parse_v4(const char *text, uint32_t *out)
{
    uint8_t bytes[4];

    for (unsigned int i = 0; i < 4; i++) {
        unsigned int v = 0, n = number(text, 255, &v);

        if (n == 0 || text[n] != (i < 3 ? '.' : '\0')) {
            return false;
        }
        bytes[i] = (uint8_t)v;
        text += n + 1;
    }
    memcpy(out, bytes, 4);
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** parse_v6() - The whole of @text, with at most one "::"; no embedded dotted quad. */
static bool parse_v6(const char *text, uint8_t out[16])
{
    uint8_t bytes[16] = {0};
    unsigned int n = 0;
    int gap = -1;

    if (text[0] == ':') {
        if (text[1] != ':') {
            return false;
        }
        text++;
    }
    while (*text != '\0') {
        unsigned int v = 0, digits = 0;

        if (*text == ':') {
            if (gap >= 0) {
                return false;
            }
            gap = (int)n;
            text++;
            continue;
        }
        while (hex_digit(*text) >= 0) {
            v = v << 4 | (unsigned int)hex_digit(*text++);
            if (++digits > 4) {
                return false;
            }
        }
        if (digits == 0 || n == 16) {
            return false;
        }
        bytes[n++] = (uint8_t)(v >> 8);
        bytes[n++] = (uint8_t)v;
        if (*text == ':') {
            text++;
            if (*text == '\0') {
                return false;
            }
        } else if (*text != '\0') {
            return false;
        }
    }
    if (gap < 0 ? n != 16 : n > 14) {
        return false;
    }
    memset(out, 0, 16);
    if (gap < 0) {
        memcpy(out, bytes, 16);
    } else {
        memcpy(out, bytes, (unsigned int)gap);
        memcpy(out + 16 - (n - (unsigned int)gap), bytes + gap, n - (unsigned int)gap);
    }
    return true;
}

uint32_t ip_words_mask(uint32_t address)
{
    uint8_t first, mask[4] = {255, 0, 0, 0};
    uint32_t out;

    memcpy(&first, &address, 1);
    mask[1] = first >= 128 ? 255 : 0;
    mask[2] = first >= 192 ? 255 : 0;
    memcpy(&out, mask, 4);
    return out;
}

static uint32_t mask_of_length(unsigned int length)
{
    uint8_t mask[4];
    uint32_t out;

    for (unsigned int i = 0; i < 4; i++) {
        unsigned int bits = length > i * 8 ? length - i * 8 : 0;

        mask[i] = bits >= 8 ? 255 : (uint8_t)(0xff00U >> bits);
    }
    memcpy(&out, mask, 4);
    return out;
}

/** is_mask() - Ones, then zeros. */
static bool is_mask(uint32_t mask)
{
    return mask_of_length((unsigned int)__builtin_popcount(mask)) == mask;
}

/** field() - Copy @text up to one of @ends; the character behind it in *end. Return: where to go on; NULL: too long. */
static const char *field(const char *text, const char *ends, char out[FIELD_BYTES], char *end)
{
    unsigned int n = 0;

    while (text[n] != '\0' && strchr(ends, text[n]) == NULL) {
        if (n + 1 == FIELD_BYTES) {
            return NULL;
        }
        out[n] = text[n];
        n++;
    }
    out[n] = '\0';
    *end = text[n];
    return text + n + (text[n] != '\0');
}

static bool is_device(const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || len >= IP_WORDS_DEV) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char c = (char)(text[i] | 0x20);

        if (!((c >= 'a' && c <= 'z') || (text[i] >= '0' && text[i] <= '9'))) {
            return false;
        }
    }
    return true;
}

static bool is_host(const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || len >= IP_WORDS_HOST) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char c = (char)(text[i] | 0x20);

        if (!((c >= 'a' && c <= 'z') || (text[i] >= '0' && text[i] <= '9') || text[i] == '-' ||
              text[i] == '.' || text[i] == '_')) {
            return false;
        }
    }
    return true;
}

static bool parse_auto(const char *text, enum ip_auto *out)
{
    static const struct {
        const char *word;
        enum ip_auto means;
    } words[] = {
        {"off", IP_AUTO_OFF}, {"none", IP_AUTO_OFF}, {"static", IP_AUTO_OFF}, {"dhcp", IP_AUTO_DHCP},
        {"on", IP_AUTO_DHCP}, {"any", IP_AUTO_DHCP}, {"both", IP_AUTO_DHCP},  {"auto", IP_AUTO_DHCP},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
        if (strcmp(text, words[i].word) == 0) {
            *out = words[i].means;
            return true;
        }
    }
    return false;
}

/** client() - ADDRESS or, beyond Linux, ADDRESS/LENGTH. */
static bool client(struct ip_words *out, char *text)
{
    char *slash = strchr(text, '/');
    unsigned int length = 0;

    if (slash != NULL) {
        unsigned int n = number(slash + 1, 32, &length);

        if (n == 0 || slash[1 + n] != '\0') {
            return false;
        }
        out->mask = mask_of_length(length);
        *slash = '\0';
    }
    return parse_v4(text, &out->address);
}

/** v4_field() - Number @n of ip='s fields. */
static int v4_field(struct ip_words *out, unsigned int n, char *text, const char **why)
{
    uint32_t *addresses[] = {NULL, &out->server, &out->gateway, &out->mask,   NULL,
                             NULL, NULL,         &out->dns[0],  &out->dns[1], &out->ntp};

    if (text[0] == '\0') {
        return 0;
    }
    switch (n) {
    case 0:
        return client(out, text) ? 0 : refuse(why, "the client's address");
    case 3:
        return parse_v4(text, &out->mask) && is_mask(out->mask) ? 0 : refuse(why, "the mask");
    case 4:
        if (!is_host(text)) {
            return refuse(why, "the host's name");
        }
        memcpy(out->host, text, strlen(text) + 1);
        return 0;
    case 5:
        if (!is_device(text)) {
            return refuse(why, "the device");
        }
        memcpy(out->device, text, strlen(text) + 1);
        return 0;
    case 6:
        return parse_auto(text, &out->v4) ? 0 : refuse(why, "how to configure (off, dhcp)");
    default:
        return parse_v4(text, addresses[n]) ? 0 : refuse(why, n == 2 ? "the gateway" : "an address");
    }
}

int ip_words_v4(struct ip_words *out, const char *value, const char **why)
{
    char text[FIELD_BYTES];
    char end = ':';

    memset(out, 0, sizeof(*out));
    if (*value == '\0') {
        return refuse(why, "it is empty");
    }
    if (strchr(value, ':') == NULL && parse_auto(value, &out->v4)) {
        return 0;
    }
    for (unsigned int n = 0; end == ':'; n++) {
        int rc;

        value = field(value, ":", text, &end);
        if (value == NULL) {
            return refuse(why, "a field is too long");
        }
        if (n == 10) {
            return refuse(why, "too many fields");
        }
        rc = v4_field(out, n, text, why);
        if (rc != 0) {
            return rc;
        }
    }
    if (out->address == 0 && out->v4 == IP_AUTO_UNSAID && (out->gateway | out->mask) == 0) {
        out->v4 = IP_AUTO_DHCP;
    } else if (out->address != 0 && out->v4 == IP_AUTO_UNSAID) {
        out->v4 = IP_AUTO_OFF;
    }
    return 0;
}

/** add_v6() - ADDRESS or ADDRESS/LENGTH. */
static bool add_v6(struct ip_words *out, char *text)
{
    struct ip6_words *to = &out->v6_addresses[out->nr_v6];
    char *slash = strchr(text, '/');
    unsigned int length = 64;

    if (out->nr_v6 == IP_WORDS_V6) {
        return false;
    }
    if (slash != NULL) {
        unsigned int n = number(slash + 1, 128, &length);

        if (n == 0 || slash[1 + n] != '\0') {
            return false;
        }
        *slash = '\0';
    }
    if (!parse_v6(text, to->address)) {
        return false;
    }
    to->prefix = (uint8_t)length;
    out->nr_v6++;
    return true;
}

int ip_words_v6(struct ip_words *out, const char *value, const char **why)
{
    char text[FIELD_BYTES];
    char end = ',';

    memset(out, 0, sizeof(*out));
    for (unsigned int n = 0; end == ','; n++) {
        value = field(value, ",", text, &end);
        if (value == NULL) {
            return refuse(why, "a field is too long");
        }
        if (n == 0 && parse_auto(text, &out->v6)) {
            continue;
        }
        if (n == 0) {
            if (!add_v6(out, text)) {
                return refuse(why, "the address");
            }
            out->v6 = IP_AUTO_UNSAID;
        } else if (strchr(text, ':') != NULL && !out->has_v6_gateway) {
            if (!parse_v6(text, out->v6_gateway)) {
                return refuse(why, "the gateway");
            }
            out->has_v6_gateway = true;
        } else if (is_device(text) && out->device[0] == '\0') {
            memcpy(out->device, text, strlen(text) + 1);
        } else {
            return refuse(why, "the gateway or the device");
        }
    }
    return 0;
}

int ip_words_vif(struct ip_words *out, const char *value, const char **why)
{
    char text[FIELD_BYTES];
    char end = ' ';

    memset(out, 0, sizeof(*out));
    while (end != '\0') {
        value = field(value, " ,", text, &end);
        if (value == NULL) {
            return refuse(why, "an address is too long");
        }
        if (text[0] == '\0') {
            continue;
        }
        if (strchr(text, ':') != NULL) {
            if (!add_v6(out, text)) {
                return refuse(why, "an IPv6 address");
            }
        } else if (out->address == 0) {
            if (!client(out, text)) {
                return refuse(why, "the address");
            }
        } else if (out->gateway != 0 || !parse_v4(text, &out->gateway)) {
            return refuse(why, "the gateway");
        }
    }
    if (out->address != 0) {
        out->v4 = IP_AUTO_OFF;
    }
    return 0;
}
