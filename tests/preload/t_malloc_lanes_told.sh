#!/bin/bash
# What the threads of t_malloc_lanes have allocated adds up in the reports, after they have all ended.
set -u
failed=0
AUTOPIN_REPORT_EMPTY=yes AUTOPIN_REPORT=$TMP/r.%p.json AUTOPIN_MIN_SIZE=256K LD_PRELOAD=$LIB "$BUILD/tests/t_malloc_lanes" 400 >"$TMP/out" 2>&1 || {
    cat "$TMP/out"
    exit 1
}
python3 - "$TMP"/r.*.json <<'END' || failed=1
import json, sys

reports = [json.load(open(path)) for path in sys.argv[1:]]
reports.sort(key=lambda report: -report["totals"]["large_blocks"])
told = [(report["totals"]["large_blocks"], sum(site["blocks"] for site in report["sites"]),
         sum(site["blocks_live"] for site in report["sites"]), max(site["blocks_live_peak"] for site in report["sites"]))
        for report in reports]
print(told)
assert [t[0] for t in told] == [9 * 200001, 1201], "blocks of the child and the parent"
assert all(t[0] == t[1] for t in told), "served"
assert [t[2] for t in told] == [0, 1], "left over; where the child was given none, it says nothing"
assert 1 <= told[0][3] <= 9 + 8 * 9 and 4 <= told[1][3] <= 13 + 8 * 4, "peaks"
END
exit $failed
