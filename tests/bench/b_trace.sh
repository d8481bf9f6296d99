#!/bin/bash
# title: Recording a trace
# about: The programs of the other benches that allocate or copy large blocks, all under autopin, with and without AUTOPIN_TRACE; and how long autopin-replay takes for ten million events. Copies are those of the simulated driver, at modelled rates: 8 GB/s pageable, 50 GB/s pinned.
# rounds: 7
# base: not recorded
# better: more
# bar: allocate* autopin >= 0.97x not recorded
# bar: copies* autopin >= 0.97x not recorded
# bar: ten million events autopin <= 5
set -eu
. "$(dirname "$0")/lib.sh"
export AUTOPIN_REPORT=off SIMCUDA_DATA=0 SIMCUDA_PAGEABLE_GBPS=8 SIMCUDA_PINNED_GBPS=50
one() { # one CASE VARIANT UNIT COMMAND...: the last line's last figure
    say "$1" "$2" "$(LD_PRELOAD=$LIB "${@:4}" | awk 'END { print $NF }')" "$3"
}
both() { # both CASE UNIT COMMAND...: in turn, as one round's luck is no other's
    for _ in 1 2 3; do
        one "$1" 'not recorded' "${@:2}"
        AUTOPIN_TRACE=$TMP/trace one "$1" autopin "${@:2}"
    done
}
rate_of() { # rate_of FIELD COMMAND...: of the one line that it prints; a time in us becomes a rate if FIELD is negative
    "${@:2}" | awk -v field="$1" '{ print field < 0 ? 1e6 / $(-field) : $field }'
}
export -f rate_of
loop() { AUTOPIN_BACKEND=mlock both "allocate, touch, free $1 MiB" rounds/s bash -c 'rate_of 1 "$@"' - "$BUILD/bench/mlock_loop" "$1" $((3000 / $1)) 20; }
loop 1
loop 8
loop 64
AUTOPIN_BACKEND=mlock both 'allocate at 64 sites' rounds/s bash -c 'rate_of -2 "$@"' - "$BUILD/bench/alloc/cold" 64 1024
both 'allocate in two threads, touch, free' pairs/s "$BUILD/bench/alloc/threads" 2 120 touch own 1024
[ ! -e "$BUILD/sim/libcuda.so.1" ] || {
    export LD_LIBRARY_PATH=$BUILD/sim
    both 'copies of 64 MiB, reused (modelled)' GB/s "$BUILD/bench/hot_copies" malloc 64 10 10
    both 'copies of 64 MiB, new (modelled)' GB/s "$BUILD/bench/pool_copies" malloc sync 20 20
}
[ -e "$TMP/many" ] || /usr/bin/python3 tests/bench/make_trace.py 10000000 "$TMP/many"
read -r wall _ < <("$BUILD/bench/measure" - "$BUILD/autopin-replay" "$TMP/many" 2>/dev/null)
say 'ten million events' autopin "$wall" s
