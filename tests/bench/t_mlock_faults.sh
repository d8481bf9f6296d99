#!/bin/bash
# A loop of malloc 64 MiB, touch, free under the mlock backend takes no page fault after its warm-up (16384 without).
# The kernel takes a page away now and then (to merge or to move it): ten in 200 rounds are nobody's doing.
set -eu
if [ "$(ulimit -l)" != unlimited ] && [ "$(id -u)" -ne 0 ] && [ "$(ulimit -l)" -lt 262144 ]; then
    echo "RLIMIT_MEMLOCK is below 256 MiB" && exit 77
fi
read -r _ faults <<END
$(AUTOPIN_BACKEND=mlock AUTOPIN_REPORT=off LD_PRELOAD=$LIB "$BUILD/bench/mlock_loop" 64 200 20)
END
read -r _ plain <<END
$("$BUILD/bench/mlock_loop" 64 5 2)
END
echo "page faults per round: $faults with the preload, $plain without"
awk -v faults="$faults" 'BEGIN { exit faults > 0.05 }'
