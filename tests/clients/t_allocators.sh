#!/bin/bash
# jemalloc, mimalloc and tcmalloc, preloaded before autopin or after it: programs get the results they get with that
# allocator alone, and nobody frees another's block.
# timeout 180
. tests/clients/compare.sh
g++ -O2 -g -pthread -o "$TMP/mixed" tests/clients/mixed_alloc.cc || exit 1

work() {
    "$TMP/mixed" || return
    /usr/bin/python3 -c 'import numpy' 2>/dev/null || return 0
    /usr/bin/python3 tests/clients/numpy_temporaries.py 3
}

tried=0
for library in libjemalloc.so.2 libmimalloc.so.2 libtcmalloc_minimal.so.4; do
    LD_PRELOAD=$library "$TMP/mixed" 2>&1 | grep -q 'cannot be preloaded' && { echo "$library is not installed" && continue; }
    tried=$((tried + 1))
    LAST=$library same "autopin,$library" work
    may_pin=no FIRST=$library same "$library,autopin" work # which then serves every block itself
done
[ "$tried" -gt 0 ] || exit 77
compare_result
