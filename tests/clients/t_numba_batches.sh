#!/bin/bash
# What the README walks through and make demo shows: the most expensive site that is not pinned stands before all others that
# are not; the lines that the report advises, pasted, have it pinned, and what was lost is not any more.
# timeout 240
set -u
/usr/bin/python3 -c 'import numba' 2>/dev/null || { echo "python3-numba is not installed" && exit 77; }
[ -e "$SIM" ] || { echo "the simulated driver is not built" && exit 77; }
export NUMBA_CUDA_DRIVER="$SIM" SIMCUDA_STRICT=1 SIMCUDA_PAGEABLE_GBPS=0.64 SIMCUDA_PINNED_GBPS=4
failed=0
wrong() { echo "$1" && failed=1; }

# run NAME WORDS...: the program, its report in $TMP/NAME.json, and as text in $TMP/NAME
run() {
    local name=$1
    shift
    env SIMCUDA_STATE="$TMP/$name.state" AUTOPIN_REPORT="$TMP/$name.json" "$@" LD_PRELOAD="$LIB" \
        /usr/bin/python3 tests/clients/numba_batches.py >"$TMP/$name.out" 2>"$TMP/$name.err" || wrong "$name: status $?: $(cat "$TMP/$name.err")"
    "$BUILD/autopin" report --no-source "$TMP/$name.json" >"$TMP/$name" || wrong "$name: no report"
}
expect() { # expect WHAT EXPRESSION: of a, b, the reports of both runs, and x, y, the site in either
    [ "$(/usr/bin/python3 -c "import json
a, b = (json.load(open('$TMP/' + name + '.json')) for name in ('first', 'second'))
x = max((s for s in a['sites'] if not s['pins']), key=lambda s: s['lost_ns'])
y = next(s for s in b['sites'] if s['key'] == x['key'])
direct = lambda s: s['copies']['host_to_device']['direct']['copies']
print(bool($2))")" = True ] || wrong "not so: $1: $(grep -A12 '^  site' "$TMP/first" "$TMP/second" | head -60)"
}
SIMCUDA_STATE=$TMP/plain.state /usr/bin/python3 tests/clients/numba_batches.py >"$TMP/plain.out" 2>/dev/null || wrong 'without autopin'
run first
scripts/first_advice.sh "$TMP/first" >"$TMP/pinning.conf"
run second AUTOPIN_CONF="$TMP/pinning.conf"
for name in first second; do
    diff "$TMP/plain.out" "$TMP/$name.out" || wrong "$name: other results"
    ! grep -q '^autopin: .*expected' "$TMP/$name.err" || wrong "$name: $(cat "$TMP/$name.err")"
done
expect 'the first of the report that is not pinned' "next(s for s in a['sites'] if not s['pins']) == x"
expect 'refused, and expensive' "x['decision']['reason'] == 'sparse' and x['lost_ns'] > a['gain']['lost_ns'] / 2 and direct(x) == 0"
expect 'the first advice is about it' "a['advice'][0]['site'] == x['key'] and a['advice'][0]['text'] == open('$TMP/pinning.conf').read()"
expect 'caught by the pasted section' "y['rule'] and '[site %s]' % y['rule'] in a['advice'][0]['text']"
expect 'pinned' "y['pins'] == 1 and y['decision']['reason'] == 'always' and not y['refused']"
expect 'its copies are direct' "direct(y) >= 15"
expect 'less is lost' "y['lost_ns'] < x['lost_ns'] and b['gain']['lost_ns'] < a['gain']['lost_ns']"
expect 'it is not advised again' "all(piece['site'] != x['key'] for piece in b['advice'])"
exit $failed
