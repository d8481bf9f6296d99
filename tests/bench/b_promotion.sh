#!/bin/bash
# title: Copies while a block is being pinned
# about: 4 MiB copies of one block before and while 1 GiB of another is pinned in the background, which takes the simulated driver 200 us a MiB: the longest, and the 99th of 100. Seven processes a round: what the machine does meanwhile makes single ones last ten times as long, before and during.
# rounds: 5
# base: before
# modelled: yes
# bar: longest autopin <= 1.1x before
set -eu
. "$(dirname "$0")/lib.sh"
[ -e "$BUILD/sim/libcuda.so.1" ] || { skip 'the simulated driver is not built' && exit; }
export SIMCUDA_DATA=0 SIMCUDA_PAGEABLE_GBPS=8 SIMCUDA_PINNED_GBPS=50 LD_LIBRARY_PATH=$BUILD/sim AUTOPIN_REPORT=off
export SIMCUDA_REGISTER_US_PER_MIB=200 AUTOPIN_PROMOTE=always
for _ in 1 2 3 4 5 6 7; do
    while read -r when median most longest; do
        variant=before
        [ "$when" = before ] || variant=autopin
        say median "$variant" "$median" us
        say '99 %' "$variant" "$most" us
        say longest "$variant" "$longest" us
    done < <(with "$LIB" "$BUILD/bench/promotion" 1024 200)
done
