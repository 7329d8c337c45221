# SPDX-License-Identifier: MIT
# Copies the buffer while the domain waits, and looks for its magic number and the program's mark.
guest_start
expect_console "$TEST" "waiting"
id=$(domain_id "$TEST")
xenstore_wait "/local/domain/$id/data/trace" '^[0-9]+$' >/dev/null || fail "data/trace was not written"
trace-read "$id" >"/tmp/$TEST" 2>"/tmp/$TEST.err" || fail "trace-read: $(cat "/tmp/$TEST.err")"
[ "$(head -c 8 "/tmp/$TEST")" = XLTRACE1 ] || fail "no magic number"
[ "$(stat -c %s "/tmp/$TEST")" = $((4096 + 65536 * 40)) ] || fail "size $(stat -c %s "/tmp/$TEST")"
grep -q "MARK OF XENOLITH" "/tmp/$TEST" || fail "the program's mark is not in the trace"
trace-read "$id" 1 >/dev/null 2>&1 && fail "frame 1 was taken for a trace"
rm -f "/tmp/$TEST" "/tmp/$TEST.err"
console_type "$TEST" '\r'
expect_result "$TEST"
pass
