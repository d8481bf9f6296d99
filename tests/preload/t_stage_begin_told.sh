#!/bin/bash
# A copy for which no slot came to be is told as what it was: plain, foreign memory or a block.
set -u
export LD_LIBRARY_PATH=$BUILD/sim SIMCUDA_STRICT=1 SIMCUDA_STATE=$TMP/state SIMCUDA_FAIL='cuMemHostRegister_v2:*=2' AUTOPIN_PROMOTE=never
for memory in foreign block; do
    rm -f "$TMP/state"
    AUTOPIN_REPORT=$TMP/$memory.json LD_PRELOAD=$LIB "$BUILD/tests/t_stage_begin" $memory none || exit 1
    /usr/bin/python3 - "$TMP/$memory.json" $memory <<'END' || exit 1
import json, sys
report, memory = json.load(open(sys.argv[1])), sys.argv[2]
names = {"foreign": ("foreign", "foreign_staged"), "block": ("plain", "staged")}[memory]
plain, staged = (report["copies"]["host_to_device"][name]["bytes"] for name in names)
print(memory, "plain", plain, "staged", staged)
sys.exit(plain < 32 << 20 or staged != 0)
END
done
