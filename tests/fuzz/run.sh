#!/bin/bash
# Fuzzes each target named for FUZZ_SECONDS, one after the other, from the kept corpus and from what earlier runs added.
#
#   tests/fuzz/run.sh TARGET...
#
# Finds are kept in build/fuzz/found/TARGET, new inputs in build/fuzz/inputs/TARGET, what the fuzzer said in
# build/fuzz/TARGET.log.  Exit status: 1 when there was a find.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=${BUILD:-build}/fuzz seconds=${FUZZ_SECONDS:-60} status=0
export ASAN_OPTIONS=quarantine_size_mb=16:detect_stack_use_after_return=1

last() { # last EXPRESSION LOG: what the expression finds last
    sed -nE "s/.*$1.*/\1/p" "$2" | tail -n 1
}

printf '%-10s %12s %8s %9s %7s\n' target runs seconds branches inputs
for target; do
    log=$work/$target.log corpus=tests/fuzz/corpus/$target
    mkdir -p "$work/found/$target" "$work/inputs/$target"
    folders=("$work/inputs/$target")
    [ ! -d "$corpus" ] || folders+=("$corpus")
    options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$work/found/$target/")
    read -ra own <<<"$(sed -n 's|^ \* fuzz: \(.*\) \*/$|\1|p' "tests/fuzz/fuzz_$target.c")"
    options+=("${own[@]}")
    [ ! -f "tests/fuzz/$target.dict" ] || options+=(-dict="tests/fuzz/$target.dict")
    before=$(date +%s)
    nice -n 19 "$work/fuzz-programs/$target" "${options[@]}" "${folders[@]}" >"$log" 2>&1
    rc=$?
    runs=$(last 'number_of_executed_units: ([0-9]+)' "$log")
    printf '%-10s %12s %8s %9s %7s\n' "$target" "${runs:-$(last '^#([0-9]+)' "$log")}" "$(($(date +%s) - before))" \
        "$(last ' cov: ([0-9]+)' "$log")" "$(last ' corp: ([0-9]+)' "$log")"
    if [ "$rc" -ne 0 ]; then
        status=1
        printf 'FOUND in %s (exit %s):\n' "$target" "$rc"
        grep -m 1 -E 'does not hold|ERROR: |runtime error' "$log"
        grep -E 'Test unit written' "$log"
    fi
done
exit "$status"
