# SPDX-License-Identifier: MIT
#
# dom0's part of rig/run-tests for a test without a run.sh: one domain, until it ends. Its console is printed;
# the last line on descriptor 2 is "ended HOW STATUS" for the host to judge.

. /run/rig/test.sh
guest_start
end=$(domain_wait_end "$TEST" "$TIMEOUT")
drain "$(domain_id "$TEST")"
cat "$(console_file "$TEST")"
echo "ended $end $(domain_status "$TEST")" >&2
