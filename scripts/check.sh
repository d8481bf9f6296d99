#!/bin/bash
# Everything `make check` runs, and its one closing line: N passed, N failed, N skipped.
#
# A step counts by the last "N passed, N failed, N skipped" (or "N cases, N failed") it printed, or by Criterion's
# synthesis, or else as one test by its exit status.  A step that fails does not stop the next one; a build that fails does.
set -u
cd "$(dirname "$0")/.." || exit 1
export BUILD=${BUILD:-build} MAKE=${MAKE:-make}
unset MAKEFLAGS MFLAGS

passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

count() { # count STATUS: adds what the step whose output is in $log says of itself
    local counts p f s
    counts=$(grep -oE '[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped' "$log" | tail -n 1)
    if [ -z "$counts" ]; then
        counts=$(sed -nE 's/.*Synthesis: .*Tested: .*Passing: [^0-9]*([0-9]+).*Failing: [^0-9]*([0-9]+).*Crashing: [^0-9]*([0-9]+).*/\1 \2 \3/p' \
            <(sed 's/\x1b\[[0-9;]*m//g' "$log") | tail -n 1 | { read -r p f s && echo "$p passed, $((f + s)) failed, 0 skipped"; })
    fi
    if [ -z "$counts" ]; then
        counts=$(sed -nE 's/.* ([0-9]+) cases, ([0-9]+) failed$/\1 \2/p' "$log" | tail -n 1 |
            { read -r p f && echo "$((p - f)) passed, $f failed, 0 skipped"; })
    fi
    if [ -z "$counts" ]; then
        if [ "$1" -eq 0 ]; then counts='1 passed, 0 failed, 0 skipped'; else counts='0 passed, 1 failed, 0 skipped'; fi
    fi
    IFS=' ,' read -r p _ f _ s _ <<<"$counts"
    if [ "$1" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi # it ended badly without saying so
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

step() { # step [-q] NAME COMMAND...     -q: shows the output of a success only by its last line
    local quiet=0 name status
    [ "$1" != -q ] || { quiet=1 && shift; }
    name=$1
    shift
    printf -- '--- %s\n' "$name"
    if [ "$quiet" -eq 1 ]; then
        "$@" >"$log" 2>&1 </dev/null
        status=$?
        if [ "$status" -eq 0 ]; then tail -n 1 "$log"; else cat "$log"; fi
    else
        "$@" 2>&1 </dev/null | tee "$log"
        status=${PIPESTATUS[0]}
    fi
    [ "$status" -eq 0 ] || printf 'FAIL %s: exit %d\n' "$name" "$status"
    count "$status"
}

has_target() { "$MAKE" -pqrR BUILD="$BUILD" 2>/dev/null | grep -q "^$1:"; }

with_clang() {
    command -v clang >/dev/null || { echo 'clang is not installed: 0 passed, 0 failed, 1 skipped' && return; }
    "$MAKE" --no-print-directory -s -j "$(nproc)" BUILD="$BUILD/clang" CC=clang all
}

printf -- '--- build\n'
"$MAKE" --no-print-directory -s -j "$(nproc)" BUILD="$BUILD" all unit preload-tests bench-programs sim storm-program doc-tools "$BUILD/replay" || {
    printf 'the build failed\n0 passed, 1 failed, 0 skipped\n'
    exit 1
}
step layering scripts/check_layering.sh
step docs scripts/gen_readme.sh --check
[ ! -f tests/RULES.md ] || step rules scripts/check_rules.sh
step clang with_clang
step stress "$MAKE" --no-print-directory -s BUILD="$BUILD" check-stress
step -q "thread sanitizer" "$MAKE" --no-print-directory -s -j "$(nproc)" BUILD="$BUILD" tsan
step unit "$BUILD/unit" --timeout 60
step fuzz "$MAKE" --no-print-directory -s BUILD="$BUILD" check-fuzz
step -q replay tests/bench/replay/run.sh --check
! has_target check-sim || step -q sim "$MAKE" --no-print-directory -s BUILD="$BUILD" check-sim
step -q model tests/model/run.sh --quick
step mutants tests/mutants/run.py --applies
step preload tests/preload/run.sh
step storm env SECONDS_TOTAL=20 tests/storm/run.sh 1 2 3 4 5

printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
