#!/bin/bash
# title: Which block an address is in
# about: malloc_usable_size() of addresses inside live 64 KiB blocks, at random. The same number of different addresses is asked for: 1000, whose entries fit in the caches either way, and 100000 against 1000000 blocks, which do not.
# rounds: 3
# base: 10^3 blocks
# bar: 1000 addresses 10^6 blocks <= 1.2x 10^3 blocks
set -eu
. "$(dirname "$0")/lib.sh"
export AUTOPIN_MIN_SIZE=64K
ns() { with "$LIB" "$BUILD/bench/alloc/interior" "$@"; }
say '1000 addresses' '10^3 blocks' "$(ns 1000 1000 5000000)" ns
say '1000 addresses' '10^6 blocks' "$(ns 1000000 1000 5000000)" ns
say '100000 addresses' '10^5 blocks' "$(ns 100000 100000 5000000)" ns
say '100000 addresses' '10^6 blocks' "$(ns 1000000 100000 5000000)" ns
