#!/bin/sh
# A large malloc/free pair that is served from where the last one was freed costs at most 420 instructions more than
# glibc's: counted by callgrind, not timed.
# timeout 180
set -eu
PAIRS=10000 BAR=420
command -v valgrind >/dev/null || { echo "valgrind is not installed" && exit 77; }

count() { # count [PRELOAD]: instructions of mlock_loop inside the pairs
    env AUTOPIN_REPORT=off ${1:+"LD_PRELOAD=$1"} valgrind --tool=callgrind --toggle-collect=one --callgrind-out-file=/dev/null \
        "$BUILD/bench/mlock_loop" 1 "$PAIRS" 100 >"$TMP/out" 2>&1
    sed -n 's/.*Collected : //p' "$TMP/out"
}
without=$(count)
with=$(count "$LIB")
if [ -z "$with" ] || [ -z "$without" ]; then
    cat "$TMP/out"
    exit 1
fi
awk -v a="$with" -v b="$without" -v n="$PAIRS" -v bar="$BAR" 'BEGIN {
    added = (a - b) / n
    printf "%.0f instructions added per pair, bar %d\n", added, bar
    exit a <= n || added > bar }'
