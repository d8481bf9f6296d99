#!/bin/bash
# title: Large blocks in many threads
# about: Pairs of malloc and free of 1 MiB and more in 16 threads against 1: a size of each thread's own or the same, touched or left alone. Rates are of all threads together.
# rounds: 9
# base: glibc
# better: more
# bar: *scaling autopin >= 0.9x glibc
set -eu
. "$(dirname "$0")/lib.sh"
rate() { with "$1" "$BUILD/bench/alloc/threads" "$2" 120 "${@:3}" 1024; }
for touch in touch leave; do
    for size in own same; do
        for variant in glibc autopin; do
            preload=$([ $variant = glibc ] && echo - || echo "$LIB")
            one=$(rate "$preload" 1 $touch $size)
            many=$(rate "$preload" 16 $touch $size)
            say "$touch, $size size, 1 thread" $variant "$one" pairs/s
            say "$touch, $size size, 16 threads" $variant "$many" pairs/s
            say "$touch, $size size, scaling" $variant "$(awk -v a="$many" -v b="$one" 'BEGIN { printf "%.3f", a / b }')" x
        done
    done
done
