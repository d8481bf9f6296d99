#!/bin/bash
# title: Copies of memory that is copied once
# about: Fresh memory for every copy, on the simulated driver: 8 GB/s pageable, 50 GB/s pinned. What autopin stages goes at most at the speed at which this machine's cores copy memory (cores: all of them, without a driver). first: the first copy of the process, beside which the slots are made; autopin starts with it.
# rounds: 9
# base: pageable
# better: more
# modelled: yes
# bar: * 64 MiB autopin >= 1.5x pageable
# bar: * 256 MiB autopin >= 1.5x pageable
# bar: *first autopin >= 0.98x pageable
set -eu
. "$(dirname "$0")/lib.sh"
[ -e "$BUILD/sim/libcuda.so.1" ] || { skip 'the simulated driver is not built' && exit; }
export SIMCUDA_DATA=0 SIMCUDA_PAGEABLE_GBPS=8 SIMCUDA_PINNED_GBPS=50 LD_LIBRARY_PATH=$BUILD/sim AUTOPIN_REPORT=off
cd "$TMP"
run() { # run VARIANT PRELOAD|- KIND MIB
    local way first gbps
    while read -r way first gbps; do
        say "$way $3 $4 MiB" "$1" "$gbps" GB/s
        [ "$way $3" != 'h2d mmap' ] || say "$way $3 $4 MiB, first" "$1" "$first" GB/s
    done < <(with "$2" "$BUILD/bench/cold_copies" "$3" "$4" 7)
}
limit() { # limit KIND MIB
    local way gbps
    while read -r way gbps; do
        say "$way $1 $2 MiB" cores "$gbps" GB/s
    done < <("$BUILD/bench/move_limit" "$1" "$2" 7)
}
for mib in 4 64 256; do
    limit mmap $mib
    run pageable - mmap $mib
    run autopin "$LIB" mmap $mib
    run 'pinned by hand' - pinned $mib
    [ $mib -ne 256 ] || continue
    limit file $mib
    run pageable - file $mib
    run autopin "$LIB" file $mib
done
