// SPDX-License-Identifier: MIT
/*
 * Claim: of what xenstored sends, exactly the well-formed is accepted.
 */
#include "../../xenbus/xs_priv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A string literal with its NUL. */
#define BODY(s) (s), sizeof(s)

static void errors_by_name(void **state)
{
    assert_int_equal(xs_parse_error(BODY("ENOENT")), -ENOENT);
    assert_int_equal(xs_parse_error(BODY("EACCES")), -EACCES);
    assert_int_equal(xs_parse_error(BODY("EAGAIN")), -EAGAIN);
    assert_int_equal(xs_parse_error(BODY("ENOTEMPTY")), -ENOTEMPTY);
    assert_int_equal(xs_parse_error(BODY("E2BIG")), -E2BIG);
    assert_int_equal(xs_parse_error(BODY("ENOENTX")), -EPROTO);
    assert_int_equal(xs_parse_error(BODY("ENOEN")), -EPROTO);
    assert_int_equal(xs_parse_error(BODY("")), -EPROTO);
    assert_int_equal(xs_parse_error("ENOENT", 6), -EPROTO);
    assert_int_equal(xs_parse_error("ENOENT\0", 8), -EPROTO);
    assert_int_equal(xs_parse_error("", 0), -EPROTO);
}

static void acknowledgements(void **state)
{
    assert_int_equal(xs_parse_ok(BODY("OK")), 0);
    assert_int_equal(xs_parse_ok("OK", 2), -EPROTO);
    assert_int_equal(xs_parse_ok(BODY("KO")), -EPROTO);
    assert_int_equal(xs_parse_ok(BODY("OK\0")), -EPROTO);
    assert_int_equal(xs_parse_ok("", 0), -EPROTO);
}

static void decimals(void **state)
{
    uint64_t value = 5;

    assert_int_equal(xs_parse_decimal("0", 1, 10, &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(xs_parse_decimal("18446744073709551615", 20, UINT64_MAX, &value), 0);
    assert_true(value == UINT64_MAX);
    assert_int_equal(xs_parse_decimal("18446744073709551616", 20, UINT64_MAX, &value), -EINVAL);
    assert_int_equal(xs_parse_decimal("65535", 5, 65535, &value), 0);
    assert_int_equal(xs_parse_decimal("65536", 5, 65535, &value), -EINVAL);
    assert_int_equal(xs_parse_decimal("9", 1, 5, &value), -EINVAL);
    assert_int_equal(xs_parse_decimal("", 0, 5, &value), -EINVAL);
    assert_int_equal(xs_parse_decimal("-1", 2, 5, &value), -EINVAL);
    assert_int_equal(xs_parse_decimal("+1", 2, 5, &value), -EINVAL);
    assert_int_equal(xs_parse_decimal(" 1", 2, 5, &value), -EINVAL);
    assert_int_equal(xs_parse_decimal("1 ", 2, 5, &value), -EINVAL);
    assert_int_equal(xs_parse_decimal("0x1", 3, 5, &value), -EINVAL);
    assert_int_equal(xs_parse_decimal("1\0002", 3, UINT64_MAX, &value), -EINVAL);
}

static void names(void **state)
{
    assert_int_equal(xs_parse_names("", 0), 0);
    assert_int_equal(xs_parse_names(BODY("a")), 1);
    assert_int_equal(xs_parse_names(BODY("a\0bc\0d")), 3);
    assert_int_equal(xs_parse_names("a\0b", 3), -EPROTO);
    assert_int_equal(xs_parse_names(BODY("a\0\0b")), -EPROTO);
    assert_int_equal(xs_parse_names(BODY("")), -EPROTO);
    assert_int_equal(xs_parse_names(BODY("a\0../b")), -EPROTO);
}

static void permissions(void **state)
{
    struct xs_perm perm;

    assert_int_equal(xs_parse_perm("r65535", 6, &perm), 0);
    assert_int_equal(perm.access, 'r');
    assert_int_equal(perm.domid, 65535);
    assert_int_equal(xs_parse_perm("n0", 2, &perm), 0);
    assert_int_equal(xs_parse_perm("x0", 2, &perm), -EPROTO);
    assert_int_equal(xs_parse_perm("\0000", 2, &perm), -EPROTO);
    assert_int_equal(xs_parse_perm("r", 1, &perm), -EPROTO);
    assert_int_equal(xs_parse_perm("", 0, &perm), -EPROTO);
    assert_int_equal(xs_parse_perm("b65536", 6, &perm), -EPROTO);
    assert_int_equal(xs_parse_perm("b-1", 3, &perm), -EPROTO);
}

static void paths_below(void **state)
{
    assert_true(xs_path_is_below("device/vif", "device/vif"));
    assert_true(xs_path_is_below("device/vif/0", "device/vif"));
    assert_false(xs_path_is_below("device/vif2", "device/vif"));
    assert_false(xs_path_is_below("device", "device/vif"));
    assert_true(xs_path_is_below("/a/b", "/"));
    assert_false(xs_path_is_below("a/b", "/"));
    assert_true(xs_path_is_below("@releaseDomain", "@releaseDomain"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_by_name), cmocka_unit_test(acknowledgements), cmocka_unit_test(decimals),
        cmocka_unit_test(names),          cmocka_unit_test(permissions),      cmocka_unit_test(paths_below),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
