#!/bin/bash
# title: A small malloc and free
# about: Instructions of a pair, counted by callgrind; sizes from 16 to 4096 bytes.
# rounds: 1
# base: glibc
# bar: added autopin <= 8
set -eu
. "$(dirname "$0")/lib.sh"
PAIRS=1000000
count() { # count PRELOAD|-
    with "$1" valgrind --tool=callgrind --toggle-collect=pair_loop --callgrind-out-file=/dev/null \
        "$BUILD/bench/small_pair" $PAIRS 2>&1 | sed -n 's/.*Collected : //p'
}
per_pair() { awk -v all="$1" -v n=$PAIRS 'BEGIN { printf "%.2f", all / n }'; }
glibc=$(count -)
autopin=$(count "$LIB")
say pair glibc "$(per_pair "$glibc")" instructions
say pair autopin "$(per_pair "$autopin")" instructions
say added autopin "$(per_pair $((autopin - glibc)))" instructions
