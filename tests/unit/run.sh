#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs each unit test program: one line a program, a failing one's whole output, and the sum at the end.
passed=0
failed=0
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT

for program in "$@"; do
    name=$(basename "$program")
    if timeout "${UNIT_TIMEOUT:-600}" "$program" >"$log" 2>&1; then
        passed=$((passed + 1))
        cases=$(grep -c '\[       OK \]' "$log")
        printf '%-24s ok      %s cases\n' "$name" "$cases"
    else
        status=$?
        failed=$((failed + 1))
        cat "$log"
        printf '%-24s FAILED  (status %s)\n' "$name" "$status"
    fi
done
mkdir -p "${TEST_RESULTS:-build/test-results}"
echo "$passed $failed 0" > "${TEST_RESULTS:-build/test-results}/unit.counts"
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
