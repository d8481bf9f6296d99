#!/bin/bash
# The tests that need a real GPU: one command, under four minutes, and a clear message where there is none.
#
#   tests/gpu/run.sh [rt|facts|driver|python]...       default: all; files go to $OUT, else $BUILD/gpu
#
# shellcheck disable=SC2317,SC2086,SC2181 # test_ functions are called by name; names are single words; $? is the probe's
# A program runs as it is and under the preload with several settings; its output must be the same each time.
set -u
cd "$(dirname "$0")/../.." || exit 1
ulimit -c 0
BUILD=$(realpath "${BUILD:-build}")
export BUILD
LIB=$BUILD/libautopin.so
OUT=${OUT:-$BUILD/gpu}
PYTHON=${PYTHON:-python3}
SECONDS=0 TOTAL_S=225
passed=0 failed=0 skipped=0
mkdir -p "$OUT"
export XDG_CONFIG_HOME=/nonexistent

say() { # say ok|FAIL|skip TEXT
    printf '%-4s %s\n' "$1" "$2"
    case "$1" in
    ok) passed=$((passed + 1)) ;;
    FAIL) failed=$((failed + 1)) ;;
    skip) skipped=$((skipped + 1)) ;;
    esac
}
finish() {
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    [ "$failed" -eq 0 ]
    exit
}

# limited SECONDS FILE COMMAND...: runs it, output into FILE; 124 when it took too long or no time is left for it
limited() {
    local limit=$1 file=$2 left=$((TOTAL_S - SECONDS))
    shift 2
    [ "$left" -gt 3 ] || { echo "no time left" >"$file" && return 124; }
    timeout -k 5 $((limit < left ? limit : left)) env "$@" >"$file" 2>"$file.err" </dev/null
}

# same NAME LIMIT SETTINGS COMMAND...: runs under the preload and compares with $OUT/$NAME.plain
same() {
    local name=$1 limit=$2 label=$3 status
    shift 3
    # shellcheck disable=SC2086 # the label is the list of settings
    limited "$limit" "$OUT/$name.preload" LD_PRELOAD="$LIB" AUTOPIN_REPORT="$OUT/$name.json" $label "$@"
    status=$?
    if [ "$status" -ne 0 ]; then
        say FAIL "$name (preload $label): exit $status"
        tail -n 5 "$OUT/$name.preload" "$OUT/$name.preload.err"
    elif ! diff "$OUT/$name.plain" "$OUT/$name.preload"; then
        say FAIL "$name (preload $label): the output differs"
    else
        say ok "$name (preload $label)"
    fi
}

# compare NAME LIMIT COMMAND...: plain, then with the default settings, then with everything pinned at its first copy
compare() {
    local name=$1 limit=$2 status
    shift 2
    limited "$limit" "$OUT/$name.plain" "$@"
    status=$?
    if [ "$status" -eq 77 ]; then
        say skip "$name: $(tail -n 1 "$OUT/$name.plain")"
        return 77
    elif [ "$status" -ne 0 ]; then
        say FAIL "$name (no preload): exit $status"
        tail -n 5 "$OUT/$name.plain" "$OUT/$name.plain.err"
        return 1
    fi
    say ok "$name (no preload)"
    same "$name" "$limit" AUTOPIN_PROMOTE=always "$@"
    same "$name" "$limit" 'AUTOPIN_PROMOTE=always AUTOPIN_MAX_PINNED=100M' "$@"
    same "$name" "$limit" '' "$@"
}

# Does the report know of every byte the program copied?  If not, the runtime copies behind the driver's back.
bytes_seen() {
    local name=$1
    # shellcheck disable=SC2016
    "$PYTHON" - "$OUT/$name.json" "$OUT/$name.plain" >"$OUT/$name.bytes" 2>&1 <<'END'
import json, sys
copies = json.load(open(sys.argv[1]))["copies"]
program = [line.split()[1:] for line in open(sys.argv[2]) if line.startswith("copied ")][-1]
missing = 0
for direction, expected in zip(("host_to_device", "device_to_host"), map(int, program)):
    seen = sum(way["bytes"] for way in copies[direction].values())
    print(f"{direction}: the program copied {expected} bytes, autopin saw {seen}")
    missing += seen < expected
sys.exit(missing)
END
    if [ $? -eq 0 ]; then say ok "$name: every byte seen"; else say FAIL "$name: $(cat "$OUT/$name.bytes")"; fi
}

test_rt() {
    local name
    for name in rt_copies_shared rt_copies_static; do
        if ! tests/gpu/build.sh $name >"$OUT/$name.build" 2>&1; then
            say skip "$name: no CUDA toolkit, or: $(tail -n 1 "$OUT/$name.build")"
            continue
        fi
        compare $name 30 "$BUILD/gpu/$name" && bytes_seen $name
    done
}

test_facts() {
    limited 100 "$OUT/facts.txt" "$BUILD/gpu/facts"
    case $? in
    0) say ok "facts: $(wc -l <"$OUT/facts.txt") of them in facts.txt" ;;
    *) say FAIL "facts: $(tail -n 1 "$OUT/facts.txt.err")" ;;
    esac
    cat "$OUT/facts.txt"
}

test_driver() {
    [ -x "$BUILD/bench/hot_copies" ] || { say skip "driver: build/bench/hot_copies is not built" && return; }
    for mode in malloc churn; do
        if limited 20 "$OUT/driver.$mode" LD_PRELOAD="$LIB" "$BUILD/bench/hot_copies" $mode 64 20; then
            say ok "driver: hot copies, $mode"
        else
            say FAIL "driver: hot copies, $mode: $(tail -n 1 "$OUT/driver.$mode.err")"
        fi
    done
}

test_python() {
    local name
    for name in torch cupy jax; do compare "py_$name" 40 "$PYTHON" "tests/gpu/py_$name.py"; done
}

tests/gpu/build.sh facts || exit 1
probe=$("$BUILD/gpu/facts" --probe)
if [ $? -eq 77 ]; then
    echo "check-gpu: skipped: $probe"
    skipped=1
    finish
fi
[ $# -gt 0 ] || set -- rt driver facts python
for name; do "test_$name"; done
finish
