#!/bin/sh
# A large malloc/free pair that is served from where the last one was freed costs at most 200 instructions more than
# glibc's, and, though the program touches the block page by page in between, not one cache miss more: both counted by
# callgrind (a first cache of 32 KiB, 8 ways, lines of 64 bytes), not timed.
# timeout 180
set -eu
PAIRS=10000 BAR=200
command -v valgrind >/dev/null || { echo "valgrind is not installed" && exit 77; }

count() { # count [PRELOAD]: instructions of mlock_loop inside the pairs, and read misses there
    env AUTOPIN_REPORT=off ${1:+"LD_PRELOAD=$1"} valgrind --tool=callgrind --toggle-collect=one --callgrind-out-file=/dev/null \
        --cache-sim=yes --I1=32768,8,64 --D1=32768,8,64 --LL=524288,8,64 "$BUILD/bench/mlock_loop" 1 "$PAIRS" 100 >"$TMP/out" 2>&1
    sed -n 's/.*Collected : //p' "$TMP/out" | cut -d ' ' -f 1,5
}
without=$(count)
with=$(count "$LIB")
if [ -z "$with" ] || [ -z "$without" ]; then
    cat "$TMP/out"
    exit 1
fi
echo "$with $without" | awk -v n="$PAIRS" -v bar="$BAR" '{
    added = ($1 - $3) / n
    missed = ($2 - $4) / n
    printf "%.0f instructions added per pair, bar %d; %.2f cache misses, bar 0.5\n", added, bar, missed
    exit $3 <= n || added > bar || missed > 0.5 }'
