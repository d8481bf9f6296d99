#!/bin/bash
# Reports follow tests/data/report.schema.json, by Debian's python3-jsonschema: those of real programs with and without a
# driver, of one that did nothing, of one that left by quick_exit, and what autopin merge makes of them.  The text has the same figures.
# timeout 240
set -u
autopin=$BUILD/autopin schema=tests/data/report.schema.json failed=0
check() { tests/preload/report_figures.py "$@"; }
wrong() { echo "$1" && failed=1; }
/usr/bin/python3 -c 'import jsonschema' 2>/dev/null || { echo 'python3-jsonschema is not installed' && exit 1; }

# What make demo shows, NumPy without a GPU and Numba on the simulated driver; copies in all ways; nothing at all.
AUTOPIN_BACKEND=mlock "$autopin" run -o "$TMP/numpy.json" -- /usr/bin/python3 tests/clients/numpy_temporaries.py 6 >/dev/null || wrong 'numpy'
NUMBA_CUDA_DRIVER=$SIM SIMCUDA_STATE=$TMP/numba "$autopin" run -o "$TMP/numba.json" -- \
    /usr/bin/python3 tests/clients/numba_copies.py 4 >/dev/null || wrong 'numba'
for name in one two; do
    LD_LIBRARY_PATH=$BUILD/sim SIMCUDA_STATE=$TMP/$name AUTOPIN_PROMOTE=after=3 AUTOPIN_MAX_PINNED=40M "$autopin" run -o "$TMP/$name.json" -- \
        "$BUILD/bench/hot_copies" malloc 16 12 >/dev/null || wrong "$name"
done
printf '[site weights]\nmodule = t_life_end\npromote = always\npin_wait = yes\n' >"$TMP/my.conf"
"$autopin" run -c "$TMP/my.conf" -o "$TMP/quick.json" -- "$BUILD/tests/t_life_end" quick_exit >/dev/null 2>&1
grep -q '"cause": "quick_exit"' "$TMP/quick.json" || wrong quick
AUTOPIN_BACKEND=none AUTOPIN_REPORT_EMPTY=yes "$autopin" run -o "$TMP/nothing.json" -- /bin/true || wrong 'nothing'

# Of every kind of figure some, and every reason.
/usr/bin/python3 - "$TMP" policy/reason.def <<'END' || wrong 'full.json'
import json, re, sys
report = json.load(open(sys.argv[1] + "/one.json"))
reasons = [(name.lower(), kind == "NOT", text) for name, kind, text in
           re.findall(r'^REASON\((\w+), (\w+), "(.*)"\)', open(sys.argv[2]).read(), re.M)]
for of in [report] + report["sites"]:
    of["refused"] = {name: 10 + n for n, (name, _, _) in enumerate(reasons)}
for n, (key, value) in enumerate(list(report["totals"].items()) + list(report["pins"].items())):
    for of in (report["totals"], report["pins"]):
        if of.get(key) == 0:
            of[key] = 1000000007 * (n + 1)
report["sites"] = [dict(report["sites"][0], key=f"{n:016x}", decision={"refuses": refuses, "reason": name, "text": text})
                   for n, (name, refuses, text) in enumerate(reasons)]
report["n_sites"] = len(reasons)
json.dump(report, open(sys.argv[1] + "/full.json", "w"))
END
"$autopin" merge "$TMP/full.json" -o "$TMP/merged_one.json" || wrong 'merge one'
"$autopin" merge "$TMP"/{one,two,numpy,numba,nothing,full}.json -o "$TMP/merged.json" || wrong 'merge'
"$autopin" merge "$TMP"/{merged,one}.json -o "$TMP/merged_again.json" || wrong 'merge again'
check "$autopin" "$schema" "$TMP"/*.json || failed=1
/usr/bin/python3 -c "import json, sys
points = [len(json.load(open(path))['history']['time_ns']) for path in sys.argv[1:]]
sys.exit(min(points) < 2)" "$TMP"/{one,numpy,numba}.json || wrong 'no history'

# Each of these must be noticed.
damage() { # damage NAME EXPRESSION: r, a report, changed by Python
    /usr/bin/python3 -c "import json
r = json.load(open('$TMP/one.json'))
$2
json.dump(r, open('$TMP/damaged/$1', 'w'))"
}
mkdir "$TMP/damaged"
damage missing "del r['totals']['waits']"
damage unknown "r['sites'][0]['news'] = 1"
damage kind "r['gain']['lost_ns'] = '7'"
damage negative "r['sites'][0]['pins'] = -1"
damage reason "r['sites'][0]['decision']['reason'] = 'whim'"
damage row "r['history']['copies']['host_to_device']['plain']['ns'][0] = None"
check --refused "$autopin" "$schema" "$TMP"/damaged/* || failed=1
"$autopin" report "$TMP/one.json" >"$TMP/text"
check --text "$TMP/text" "$autopin" "$schema" "$TMP/one.json" || failed=1
for edit in 's/^  pinned     peak [0-9.]*/&1/' 's/^    host to device  direct  *[0-9]*/&1/' 's/^    gain     [0-9.]*/&9/' '/^    blocks /d'; do
    sed "$edit" "$TMP/text" >"$TMP/other"
    check --text "$TMP/other" "$autopin" "$schema" "$TMP/one.json" >/dev/null && wrong "not noticed in the text: $edit"
done
exit $failed
