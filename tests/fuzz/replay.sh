#!/bin/bash
# Runs the kept inputs of each target named through it, once each, without a fuzzer.
#
#   tests/fuzz/replay.sh TARGET...
set -u
cd "$(dirname "$0")/../.." || exit 1
programs=${BUILD:-build}/asan/fuzz-programs passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for target; do
    timeout -k 5 300 "$programs/$target" "tests/fuzz/corpus/$target" >"$log" 2>&1 </dev/null
    status=$?
    if [ "$status" -eq 0 ]; then
        passed=$((passed + 1))
        printf 'ok   fuzz %s: %s\n' "$target" "$(tail -n 1 "$log")"
    else
        failed=$((failed + 1))
        printf 'FAIL fuzz %s: exit %d\n' "$target" "$status"
        grep -v '^tests/fuzz/corpus/' "$log" | head -n 40 | sed 's/^/     | /'
        printf '     | by %s\n' "$(grep '^tests/fuzz/corpus/' "$log" | tail -n 1)"
    fi
done
printf 'fuzz: %d passed, %d failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
