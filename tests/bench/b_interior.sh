#!/bin/bash
# title: Which block an address is in
# about: malloc_usable_size() of addresses inside live 64 KiB blocks, at random. The same number of different addresses is asked for: 500, which need a page of the table and a page of entries each, 1000 translations that a processor keeps; 1000, whose 2000 some do not, above all in a virtual machine; and 100000, which fit in no cache, of 100000 and of 1000000 blocks.
# rounds: 5
# base: 10^3 blocks
# bar: 500 addresses 10^6 blocks <= 1.2x 10^3 blocks
set -eu
. "$(dirname "$0")/lib.sh"
export AUTOPIN_MIN_SIZE=64K
ns() { with "$LIB" "$BUILD/bench/alloc/interior" "$@"; }
for n in 500 1000; do
    say "$n addresses" '10^3 blocks' "$(ns 1000 $n 5000000)" ns
    say "$n addresses" '10^6 blocks' "$(ns 1000000 $n 5000000)" ns
done
say '100000 addresses' '10^5 blocks' "$(ns 100000 100000 5000000)" ns
say '100000 addresses' '10^6 blocks' "$(ns 1000000 100000 5000000)" ns
