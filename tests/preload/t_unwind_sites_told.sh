#!/bin/bash
# Allocations through one function from two places are two sites, each with its stack, function names and counts; their keys
# are the same in the next process, wherever the system loads the program.
set -u
fail() { echo "$1" && exit 1; }
export AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes
for run in 1 2; do
    AUTOPIN_REPORT=$TMP/$run.json LD_PRELOAD=$LIB "$BUILD/tests/t_unwind_sites" 2>&1 || fail "run $run"
    python3 - "$TMP/$run.json" >"$TMP/$run.sites" <<'END' || fail "run $run: $(cat "$TMP/$run.sites")"
import json, sys
sites = json.load(open(sys.argv[1]))["sites"]
told = {}
for site in sites:
    names = [frame.get("function", "?") for frame in site["stack"]]
    told[tuple(names[:2])] = site["blocks"]
    print(site["key"], *names[:3])
expected = {("sites_helper", "sites_alpha"): 10, ("sites_helper", "sites_beta"): 5}
if told != expected:
    print("told", told, "expected", expected)
    sys.exit(1)
END
done
difference=$(diff <(sort "$TMP/1.sites") <(sort "$TMP/2.sites")) || fail "the keys change: $difference"
