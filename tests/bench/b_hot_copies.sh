#!/bin/bash
# title: Copies of hot buffers
# about: 64 MiB, reused or new each time, on the simulated driver: 8 GB/s pageable, 50 GB/s pinned. It shows that autopin reaches the model's speed of pinned memory, and says nothing about a GPU.
# rounds: 3
# base: pinned by hand
# better: more
# modelled: yes
# bar: *reused autopin >= 0.97x pinned by hand
set -eu
. "$(dirname "$0")/lib.sh"
[ -e "$BUILD/sim/libcuda.so.1" ] || { skip 'the simulated driver is not built' && exit; }
export SIMCUDA_DATA=0 SIMCUDA_PAGEABLE_GBPS=8 SIMCUDA_PINNED_GBPS=50 LD_LIBRARY_PATH=$BUILD/sim
run() { # run VARIANT PRELOAD|- CASE MODE ITERATIONS WARM-UP
    local way gbps state
    state=$(mktemp -u "$TMP/state.XXXXXX")
    while read -r way gbps; do
        say "$way$3" "$1" "$gbps" GB/s
    done < <(SIMCUDA_STATE=$state with "$2" "$BUILD/bench/hot_copies" "$4" 64 "$5" "$6")
    rm -f "$state"
}
run pageable - ' reused' malloc 6 3
run 'pinned by hand' - ' reused' pinned 20 4
run autopin "$LIB" ' reused' malloc 20 30
run autopin "$LIB" ' new' churn 20 30
