// SPDX-License-Identifier: MIT
/*
 * Linux's ip= in all its shapes, ip6= and the vif's ip mean what they say; what is wrong is refused with a reason; and no line of any
 * bytes reads or writes where it should not.
 */
#include <arpa/inet.h>

#include "../../lib/lwip/ip_words.h"
#include "unit.h"

static struct ip_words w;
static const char *why;

static uint32_t quad(const char *text)
{
    return inet_addr(text);
}

static void all_fields(void **state)
{
    assert_int_equal(
        ip_words_v4(&w, "10.0.2.15:10.0.2.1:10.0.2.2:255.255.255.0:web-1:eth1:off:10.0.2.3:8.8.4.4:10.0.2.9",
                    &why),
        0);
    assert_int_equal(w.address, quad("10.0.2.15"));
    assert_int_equal(w.server, quad("10.0.2.1"));
    assert_int_equal(w.gateway, quad("10.0.2.2"));
    assert_int_equal(w.mask, quad("255.255.255.0"));
    assert_string_equal(w.host, "web-1");
    assert_string_equal(w.device, "eth1");
    assert_int_equal(w.v4, IP_AUTO_OFF);
    assert_int_equal(w.dns[0], quad("10.0.2.3"));
    assert_int_equal(w.dns[1], quad("8.8.4.4"));
    assert_int_equal(w.ntp, quad("10.0.2.9"));
}

static void short_forms(void **state)
{
    assert_int_equal(ip_words_v4(&w, "dhcp", &why), 0);
    assert_int_equal(w.v4, IP_AUTO_DHCP);
    assert_int_equal(ip_words_v4(&w, "off", &why), 0);
    assert_int_equal(w.v4, IP_AUTO_OFF);
    assert_int_equal(w.address, 0);
    assert_int_equal(ip_words_v4(&w, "192.168.7.9", &why), 0);
    assert_int_equal(w.v4, IP_AUTO_OFF);
    assert_int_equal(w.address, quad("192.168.7.9"));
    assert_int_equal(ip_words_v4(&w, "192.168.7.9/20::192.168.0.1", &why), 0);
    assert_int_equal(w.mask, quad("255.255.240.0"));
    assert_int_equal(ip_words_v4(&w, ":::::eth1:dhcp", &why), 0);
    assert_int_equal(w.v4, IP_AUTO_DHCP);
    assert_string_equal(w.device, "eth1");
    assert_int_equal(ip_words_v4(&w, "::::name::dhcp", &why), 0);
    assert_string_equal(w.host, "name");
    /* The address comes from elsewhere: the vif's own. */
    assert_int_equal(ip_words_v4(&w, "::10.0.0.1:255.0.0.0", &why), 0);
    assert_int_equal(w.v4, IP_AUTO_UNSAID);
    assert_int_equal(w.gateway, quad("10.0.0.1"));
    assert_int_equal(ip_words_mask(quad("10.1.1.1")), quad("255.0.0.0"));
    assert_int_equal(ip_words_mask(quad("172.16.1.1")), quad("255.255.0.0"));
    assert_int_equal(ip_words_mask(quad("192.168.1.1")), quad("255.255.255.0"));
}

static void wrong_words(void **state)
{
    static const char *const bad[] = {
        "",
        "dhpc",
        "10.0.2",
        "10.0.2.256",
        "10.0.2.15.1",
        "10.0.2.15 ",
        "10.0.2.15/33",
        "10.0.2.15/",
        "10.0.2.15::gw",
        "10.0.2.15:::255.0.255.0",
        "10.0.2.15::::bad name",
        "10.0.2.15::::h:eth0/1",
        "10.0.2.15::::h:a-device-too-long",
        "10.0.2.15::::h:eth0:perhaps",
        "1.1.1.1:1.1.1.1:1.1.1.1:255.0.0.0:h:eth0:off:1.1.1.1:1.1.1.1:1.1.1.1:1.1.1.1",
        "10.0.2.15::::xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "99999999999.1.1.1",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        why = NULL;
        if (ip_words_v4(&w, bad[i], &why) == 0) {
            fail_msg("'%s' was taken", bad[i]);
        }
        assert_non_null(why);
    }
}

static bool v6_is(const uint8_t *bytes, const char *text)
{
    uint8_t want[16];

    assert_int_equal(inet_pton(AF_INET6, text, want), 1);
    return memcmp(bytes, want, 16) == 0;
}

static void version_six(void **state)
{
    static const char *const bad[] = {
        "",
        "1::2::3",
        "12345::",
        "fd00::g",
        "fd00::1/129",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        ":1::",
        "fd00:",
        "fd00::1,fd00::2,fd00::3",
        "fd00::1,eth0,eth1",
        "10.0.0.1",
        "1:2:3:4:5:6:7::8",
        "fd00::1,",
    };

    assert_int_equal(ip_words_v6(&w, "auto", &why), 0);
    assert_int_equal(w.v6, IP_AUTO_DHCP);
    assert_int_equal(ip_words_v6(&w, "off,eth1", &why), 0);
    assert_int_equal(w.v6, IP_AUTO_OFF);
    assert_string_equal(w.device, "eth1");
    assert_int_equal(ip_words_v6(&w, "fd00:1::15/48,fd00:1::1,eth0", &why), 0);
    assert_int_equal(w.nr_v6, 1);
    assert_true(v6_is(w.v6_addresses[0].address, "fd00:1::15"));
    assert_int_equal(w.v6_addresses[0].prefix, 48);
    assert_true(v6_is(w.v6_gateway, "fd00:1::1"));
    assert_int_equal(ip_words_v6(&w, "1:2:3:4:5:6:7:ABCD", &why), 0);
    assert_true(v6_is(w.v6_addresses[0].address, "1:2:3:4:5:6:7:abcd"));
    assert_int_equal(w.v6_addresses[0].prefix, 64);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (ip_words_v6(&w, bad[i], &why) == 0) {
            fail_msg("'%s' was taken", bad[i]);
        }
    }
}

/* Whatever the host's own inet_pton takes or refuses (without dotted quads inside), so do we. */
static void addresses_as_others_read_them(void **state)
{
    for (unsigned int n = 0; n < 300000; n++) {
        static const char letters[] = "0123af::::";
        uint8_t want[16];
        char text[40];
        size_t len = 1 + fake_random_below(24);
        bool theirs;

        for (size_t i = 0; i < len; i++) {
            text[i] = letters[fake_random_below(sizeof(letters) - 1)];
        }
        text[len] = '\0';
        theirs = inet_pton(AF_INET6, text, want) == 1;
        assert_int_equal(ip_words_v6(&w, text, &why) == 0, theirs);
        if (theirs) {
            assert_memory_equal(w.v6_addresses[0].address, want, 16);
        }
    }
}

static void of_the_vif(void **state)
{
    assert_int_equal(ip_words_vif(&w, "10.0.2.15", &why), 0);
    assert_int_equal(w.address, quad("10.0.2.15"));
    assert_int_equal(w.mask, 0);
    assert_int_equal(ip_words_vif(&w, "10.0.2.15/24 10.0.2.2, fd00::15/64", &why), 0);
    assert_int_equal(w.mask, quad("255.255.255.0"));
    assert_int_equal(w.gateway, quad("10.0.2.2"));
    assert_int_equal(w.nr_v6, 1);
    assert_int_not_equal(ip_words_vif(&w, "10.0.2.15 10.0.2.2 10.0.2.3", &why), 0);
    assert_int_not_equal(ip_words_vif(&w, "here", &why), 0);
}

static void any_bytes(void **state)
{
    static const char letters[] = "0123456789.:/,abcdefdhcp-eth offauto\xff";

    for (unsigned int n = 0; n < 300000; n++) {
        size_t len = fake_random_below(120);
        char *text = malloc(len + 1); /* its end is watched */

        for (size_t i = 0; i < len; i++) {
            text[i] = letters[fake_random_below(sizeof(letters) - 1)];
        }
        text[len] = '\0';
        (void)ip_words_v4(&w, text, &why);
        (void)ip_words_v6(&w, text, &why);
        (void)ip_words_vif(&w, text, &why);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_fields),
        cmocka_unit_test(short_forms),
        cmocka_unit_test(wrong_words),
        cmocka_unit_test(version_six),
        cmocka_unit_test(addresses_as_others_read_them),
        cmocka_unit_test(of_the_vif),
        cmocka_unit_test(any_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
