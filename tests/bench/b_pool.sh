#!/bin/bash
# title: Allocate, copy, free
# about: A new buffer for every pair of copies, against a pool of pinned buffers as one would write it by hand, on the simulated driver: 8 GB/s pageable, 50 GB/s pinned. Asynchronous copies keep what copies of pageable memory promise, so each is waited for; with async = relaxed they are not.
# rounds: 5
# base: own pool
# better: more
# modelled: yes
# bar: * sync autopin >= 0.95x own pool
set -eu
. "$(dirname "$0")/lib.sh"
[ -e "$BUILD/sim/libcuda.so.1" ] || { skip 'the simulated driver is not built' && exit; }
export SIMCUDA_DATA=0 SIMCUDA_PAGEABLE_GBPS=8 SIMCUDA_PINNED_GBPS=50 LD_LIBRARY_PATH=$BUILD/sim AUTOPIN_REPORT=off
run() { # run VARIANT PRELOAD|- MODE sync|async WARM-UP
    local mib gbps
    while read -r mib gbps; do
        say "$mib MiB $4" "$1" "$gbps" GB/s
    done < <(with "$2" "$BUILD/bench/pool_copies" "$3" "$4" 20 "$5")
}
for mode in sync async; do
    run pageable - malloc $mode 1
    run 'own pool' - pool $mode 5
    run autopin "$LIB" malloc $mode 20
done
AUTOPIN_ASYNC=relaxed run 'relaxed' "$LIB" malloc async 20
