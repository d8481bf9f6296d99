#!/bin/bash
# title: Large blocks
# about: Allocate, touch every page, free, in a loop (backend mlock); and in turn from 64 call sites (cold), when they come for the first time and for the twentieth time after it. glibc recycles up to 32 MiB by itself. Floor: one block at the beginning of a page, given out again and again without any bookkeeping: what an allocator can do at best whose blocks can be pinned; glibc's begin inside a page.
# rounds: 11
# base: glibc
# better: more
# bar: 64 MiB autopin >= 20x glibc
# bar: [1-9] MiB autopin >= 0.98x glibc
# bar: [1-3][0-9] MiB autopin >= 0.98x glibc
# bar: cold*again autopin >= 0.98x glibc
set -eu
. "$(dirname "$0")/lib.sh"
export AUTOPIN_BACKEND=mlock
compared() { variants | grep -v + && echo "floor $BUILD/bench/one_block.so"; }
for mib in 1 2 4 8 16 32 64; do
    while read -r variant preload; do
        rounds=$((1600 / mib))
        [ "$variant$mib" != glibc32 ] && [ "$variant$mib" != glibc64 ] || rounds=10
        read -r rate _ < <(with "$preload" "$BUILD/bench/mlock_loop" $mib $rounds 20)
        say "$mib MiB" "$variant" "$rate" rounds/s
    done < <(compared)
done
for kib in 1024 8192; do
    while read -r variant preload; do
        read -r first again < <(with "$preload" "$BUILD/bench/alloc/cold" 64 $kib)
        say "cold $((kib / 1024)) MiB, first" "$variant" "$(awk -v us="$first" 'BEGIN { printf "%.1f", 1e6 / us }')" rounds/s
        say "cold $((kib / 1024)) MiB, again" "$variant" "$(awk -v us="$again" 'BEGIN { printf "%.1f", 1e6 / us }')" rounds/s
    done < <(compared)
done
