#!/bin/sh
# A large malloc/free pair from ever other call stacks, in ever the same order, costs at most 220 instructions more than
# glibc's once they are known: counted by callgrind, as what 60 rounds more cost.
# timeout 180
set -eu
SITES=64 FEW=20 MANY=80 BAR=220
command -v valgrind >/dev/null || { echo "valgrind is not installed" && exit 77; }

count() { # count TIMES [PRELOAD]
    env AUTOPIN_REPORT=off AUTOPIN_BACKEND=mlock ${2:+"LD_PRELOAD=$2"} valgrind --tool=callgrind --toggle-collect=use \
        --callgrind-out-file=/dev/null "$BUILD/bench/alloc/cold" $SITES 1024 "$1" >"$TMP/out" 2>&1
    sed -n 's/.*Collected : //p' "$TMP/out"
}
few_without=$(count $FEW)
many_without=$(count $MANY)
few_with=$(count $FEW "$LIB")
many_with=$(count $MANY "$LIB")
if [ -z "$many_with" ] || [ -z "$few_without" ]; then
    cat "$TMP/out"
    exit 1
fi
awk -v a="$((many_with - few_with))" -v b="$((many_without - few_without))" -v n=$(((MANY - FEW) * SITES)) -v bar=$BAR 'BEGIN {
    added = (a - b) / n
    printf "%.0f instructions added per pair, bar %d\n", added, bar
    exit a <= n || added > bar }'
