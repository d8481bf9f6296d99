#!/bin/sh
# A small malloc/free pair costs at most 8 instructions more than without the preload: counted by callgrind, not timed.
# timeout 180
set -eu
PAIRS=100000 BAR=8
command -v valgrind >/dev/null || { echo "valgrind is not installed" && exit 77; }

count() { # count [PRELOAD]
    env ${1:+"LD_PRELOAD=$1"} valgrind --tool=callgrind --toggle-collect=pair_loop --callgrind-out-file=/dev/null \
        "$BUILD/bench/small_pair" "$PAIRS" >"$TMP/out" 2>&1
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
    printf "%.2f instructions added per pair (%.1f with, %.1f without), bar %d\n", added, a / n, b / n, bar
    exit added > bar }'
