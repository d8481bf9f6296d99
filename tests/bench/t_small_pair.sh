#!/bin/sh
# What the preload adds to a small malloc and free (8 instructions), calloc and free (11) and realloc (7): counted by
# callgrind, not timed.
# timeout 300
set -eu
PAIRS=100000
command -v valgrind >/dev/null || { echo "valgrind is not installed" && exit 77; }

count() { # count KIND [PRELOAD]
    env ${2:+"LD_PRELOAD=$2"} valgrind --tool=callgrind --toggle-collect=pair_loop --callgrind-out-file=/dev/null \
        "$BUILD/bench/small_pair" "$PAIRS" "$1" >"$TMP/out" 2>&1
    sed -n 's/.*Collected : //p' "$TMP/out"
}
status=0
while read -r kind bar; do
    without=$(count "$kind")
    with=$(count "$kind" "$LIB")
    if [ -z "$with" ] || [ -z "$without" ]; then
        cat "$TMP/out"
        exit 1
    fi
    awk -v a="$with" -v b="$without" -v n="$PAIRS" -v bar="$bar" -v kind="$kind" 'BEGIN {
        added = (a - b) / n
        printf "%s: %.2f instructions added (%.1f with, %.1f without), bar %d\n", kind, added, a / n, b / n, bar
        exit added > bar + 0.05 } # what is not in the loop makes a hundredth' || status=1
done <<END
malloc 8
calloc 11
realloc 7
END
exit $status
