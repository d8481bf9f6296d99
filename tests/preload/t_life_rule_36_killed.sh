#!/bin/bash
# rule 36: a report that goes to a file is there after SIGKILL and after a crash, two seconds old at most, and whole.
# timeout 240
set -u
for signal in KILL SEGV; do
    AUTOPIN_BACKEND=mlock AUTOPIN_REPORT=$TMP/r.json LD_PRELOAD=$LIB "$BUILD/bench/mlock_loop" 64 1000000 5 >/dev/null &
    program=$!
    for ((i = 0; i < 600; i++)); do
        grep -Eqs '"recycled": *[1-9]' "$TMP/r.json" && break # the second one at the earliest: the first comes with the first pin
        sleep 0.1
    done
    kill -$signal $program
    wait $program 2>/dev/null
    /usr/bin/python3 - "$TMP/r.json" <<'END' || { echo "after SIG$signal" && exit 1; }
import json, sys
report = json.load(open(sys.argv[1]))
assert report["process"]["cause"] == "running", report["process"]
assert report["pinned"]["bytes"] > 0 and report["sites"][0]["recycled"] > 0, report
END
    [ "$(find "$TMP" -name '*.tmp' | wc -l)" -eq 0 ] || { echo 'a temporary file is left' && exit 1; }
    rm "$TMP/r.json"
done
