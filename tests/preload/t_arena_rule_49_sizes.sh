#!/bin/bash
# rules 38 and 49: blocks of ever different sizes and growing buffers take at most a tenth more page faults than with glibc.
set -u
mapfile -t plain < <("$BUILD/tests/t_arena_sizes" print)
names=('changing sizes' 'growing by 256 KiB' 'growing by 1 MiB' 'growing by 8 MiB')
failed=0
for backend in none mlock; do
    mapfile -t ours < <(AUTOPIN_REPORT=off AUTOPIN_BACKEND=$backend LD_PRELOAD=$LIB "$BUILD/tests/t_arena_sizes" print)
    [ ${#ours[@]} -eq 4 ] || { echo "$backend: it did not run" && exit 1; }
    for i in 0 1 2 3; do
        echo "$backend, ${names[$i]}: ${ours[$i]} page faults, ${plain[$i]} without autopin"
        [ $((ours[i] * 10)) -le $((plain[i] * 11 + 20000)) ] || failed=1
    done
done
exit $failed
