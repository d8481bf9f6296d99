#!/bin/sh
# A large malloc/free pair that is served from the slot of a larger block costs at most so many instructions more than
# one from a slot of its own size: counted by callgrind, as what 4000 pairs more cost.
# timeout 180
set -eu
KIB=1024 LARGER=1600 FEW=1000 MANY=5000 BAR=150
command -v valgrind >/dev/null || { echo "valgrind is not installed" && exit 77; }

count() { # count PAIRS FREED_KIB
    env AUTOPIN_REPORT=off AUTOPIN_BACKEND=none "LD_PRELOAD=$LIB" valgrind --tool=callgrind --toggle-collect=one \
        --callgrind-out-file=/dev/null "$BUILD/bench/alloc/fitting" $KIB "$1" "$2" >"$TMP/out" 2>&1
    sed -n 's/.*Collected : //p' "$TMP/out"
}
few_own=$(count $FEW 0)
many_own=$(count $MANY 0)
few_larger=$(count $FEW $LARGER)
many_larger=$(count $MANY $LARGER)
if [ -z "$few_own" ] || [ -z "$many_larger" ]; then
    cat "$TMP/out"
    exit 1
fi
awk -v a="$((many_larger - few_larger))" -v b="$((many_own - few_own))" -v n=$((MANY - FEW)) -v bar=$BAR 'BEGIN {
    added = (a - b) / n
    printf "%.0f instructions more per pair, bar %d; %.0f for one of its own size\n", added, bar, b / n
    exit b <= n || added > bar }'
