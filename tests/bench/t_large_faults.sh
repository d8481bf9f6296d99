#!/bin/bash
# rules 38 and 49: loops over large blocks that glibc would serve from its heap take no page fault and no system call for
# memory, alone or in many threads, and blocks of random size at most seven tenths of those with glibc: counted, not timed.
# The kernel takes a page away now and then (to merge or to move it): ten in 200 rounds are nobody's doing.
# timeout 120
set -u
export AUTOPIN_REPORT=off
failed=0
for backend in none mlock; do
    for mib in 1 2 4 8 16 32; do
        read -r _ faults < <(AUTOPIN_BACKEND=$backend LD_PRELOAD=$LIB "$BUILD/bench/mlock_loop" $mib 200 20)
        awk -v faults="${faults:-1}" 'BEGIN { exit faults > 0.05 }' || { echo "$backend, $mib MiB: $faults page faults a round" && failed=1; }
    done
done
faults() { # faults PRELOAD|-: page faults of the churn
    AUTOPIN_BACKEND=none "$BUILD/bench/measure" "$1" "$BUILD/bench/alloc/churn" 300 | cut -d' ' -f4
}
plain=$(faults -) ours=$(faults "$LIB")
echo "blocks of random size: $ours page faults, $plain without autopin"
[ "$ours" -gt 0 ] && [ $((ours * 10)) -le $((plain * 7)) ] || failed=1
exit $failed
