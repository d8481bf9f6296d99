#!/bin/bash
# `autopin tune` of a report prints its advice; of caps asked for, the best by its curve, which a run under that cap then
# bears out; and says in one sentence what is wrong with a file that is neither a report nor a trace.
# timeout 120
set -u
autopin=$BUILD/autopin
failed=0
wrong() { echo "$1" && failed=1; }
export AUTOPIN_STAGING=never AUTOPIN_BACKEND=cuda
run() { # run NAME: the report is $TMP/NAME.json
    LD_LIBRARY_PATH=$BUILD/sim SIMCUDA_DATA=0 SIMCUDA_PAGEABLE_GBPS=0.25 SIMCUDA_PINNED_GBPS=1.5 SIMCUDA_STATE=$TMP/$1.state \
        AUTOPIN_REPORT=$TMP/$1.json LD_PRELOAD=$LIB "$BUILD/tests/t_trace_program" || wrong "$1: exit $?"
}
figure() { /usr/bin/python3 -c "import json; r = json.load(open('$TMP/$1.json')); print($2)"; }

AUTOPIN_MAX_PINNED=16M run small
"$autopin" tune "$TMP/small.json" >"$TMP/conf" 2>"$TMP/said" || wrong "status $?: $(cat "$TMP/said")"
figure small "r['pinning_conf'], end=''" | cmp - "$TMP/conf" || wrong "other lines: $(cat "$TMP/conf")"
grep -q '^max_pinned = ' "$TMP/conf" || wrong "no advice: $(cat "$TMP/conf")"
points=$(figure small "len(r['curve']['points'])")
[ "$(grep -c 'sites so far' "$TMP/said")" -eq "$points" ] ||
    wrong "$points points: $(cat "$TMP/said")"

[ "$(grep -c '(knee)' "$TMP/said")" -eq 1 ] || wrong "no knee: $(cat "$TMP/said")"

# Of caps asked for: the smallest of those that save most.
"$autopin" tune "$TMP/small.json" --cap 1M --cap 80M --cap 79M >"$TMP/conf" 2>"$TMP/said" || wrong "status $?"
grep -q '^max_pinned = 79M$' "$TMP/conf" || wrong "not the smallest: $(cat "$TMP/conf" "$TMP/said")"
grep -q '^  asked for  *1.00 MiB  *0 ns$' "$TMP/said" || wrong "a cap below all sites: $(cat "$TMP/said")"
[ "$(grep -c '^\[limits\]' "$TMP/conf")" -eq 1 ] || wrong "sections: $(cat "$TMP/conf")"

"$autopin" tune "$TMP/small.json" --cap 1M --cap 80M --cap 79M --cap 1G >"$TMP/conf" 2>"$TMP/said" || wrong "status $?"
grep -q '^max_pinned = 1G$' "$TMP/conf" || wrong "not all: $(cat "$TMP/conf" "$TMP/said")"

# The curve is what then happens, but for the copies before the pins and a guess of how fast direct copies are, of which
# that run had none: by the driver's model, not by a clock.
AUTOPIN_CONF=$TMP/conf run larger 2>"$TMP/said"
[ ! -s "$TMP/said" ] || wrong "the library does not accept it: $(cat "$TMP/said")"
modelled() { "$BUILD/sim/simstat" "$TMP/$1.state" | awk '/^modelled_ns_/ { ns += $2 } END { printf "%.0f", ns }'; }
would=$(sed -n 's/^# predicted gain: \([0-9.]*\) s$/\1/p' "$TMP/conf")
awk -v before="$(modelled small)" -v after="$(modelled larger)" -v would="$would" 'BEGIN {
    gain = (before - after) / 1e9
    printf "gained %.2f s, predicted %.2f s\n", gain, would
    exit !(would > 0 && gain > 0.5 * would && gain < 1.15 * would) }' || wrong "the prediction is off"

# Sites for which the cap has no room are not proposed: those that save most per byte come first.
AUTOPIN_PROMOTE=after=100000 run unpinned
points=$(figure unpinned "len(r['curve']['points'])")
[ "$points" -gt 3 ] && [ "$(figure unpinned "len(r['advice'])")" -eq "$points" ] || wrong "advice: $(figure unpinned "r['advice']")"
for ((i = -1; i < points; i++)); do
    cap=$([ $i -lt 0 ] && echo 0 || figure unpinned "r['curve']['points'][$i]['cap_bytes'] >> 20")M
    "$autopin" tune "$TMP/unpinned.json" --cap "$cap" >"$TMP/conf" 2>/dev/null || wrong "$cap: status $?"
    figure unpinned "*sorted(line for a in r['advice'] if a['site'] in [p['site'] for p in r['curve']['points'][:$i + 1]]
        for line in a['text'].splitlines() if line[:5] == '[site'), sep='\n'" >"$TMP/fit"
    grep -F '[site' "$TMP/conf" | sort | diff <(grep . "$TMP/fit") - || wrong "$cap: other sites: $(cat "$TMP/conf")"
    left=$((points - i - 1)) && many=s && [ $left -ne 1 ] || many=''
    [ "$(grep '^# left out' "$TMP/conf")" = "$([ $left -eq 0 ] || echo "# left out: $left proposal$many for which there is no room under this cap")" ] ||
        wrong "$cap: $(cat "$TMP/conf")"
    [ -z "$("$autopin" config -c "$TMP/conf" 2>&1 >/dev/null)" ] || wrong "$cap: no valid pinning.conf: $(cat "$TMP/conf")"
done
grep -q '^max_pinned = 0' <("$autopin" tune "$TMP/unpinned.json" --cap 0 2>/dev/null) || wrong 'not the cap that was asked for'

refused() { # refused STATUS PATTERN ARGUMENTS...
    local expected=$1 pattern=$2 status
    shift 2
    timeout 20 "$autopin" tune "$@" >"$TMP/out" 2>"$TMP/err"
    status=$?
    if [ $status -ne "$expected" ] || [ -s "$TMP/out" ] || [ "$(grep -c '' "$TMP/err")" -ne 1 ] || ! grep -Eq "$pattern" "$TMP/err"; then
        wrong "$*: status $status instead of $expected: $(head -c 600 "$TMP/out" "$TMP/err")"
    fi
}
# What a process that was killed has left does as well as a report.
if [ -d /dev/shm ]; then
    XDG_RUNTIME_DIR=$(mktemp -d -p /dev/shm) && export XDG_RUNTIME_DIR
    trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
    AUTOPIN_BACKEND=mlock AUTOPIN_PROMOTE=always AUTOPIN_MAX_PINNED=4M LD_PRELOAD=$LIB /usr/bin/python3 -c 'import os
for _ in range(99): len(bytearray(8 << 20))
os.kill(os.getpid(), 9)'
    "$autopin" tune "$XDG_RUNTIME_DIR"/autopin/* >"$TMP/conf" 2>"$TMP/said" || wrong "a record: $(cat "$TMP/said")"
    "$autopin" report --json "$XDG_RUNTIME_DIR"/autopin/* >"$TMP/killed.json"
    figure killed "r['pinning_conf'], end=''" | cmp - "$TMP/conf" || wrong "of a record: $(cat "$TMP/conf")"
    grep -q '^max_pinned = ' "$TMP/conf" || wrong "no advice of a record: $(cat "$TMP/conf")"
fi

printf '  {}' >"$TMP/nothing" && refused 1 '^autopin tune: .*nothing: schema: expected a text, found nothing' "$TMP/nothing"
/usr/bin/python3 -c "import json
r = json.load(open('$TMP/small.json'))
r['curve']['points'][1]['saved_ns'] = -1
json.dump(r, open('$TMP/curve.json', 'w'))"
refused 1 'curve.points\[1\].saved_ns: expected a whole number' "$TMP/curve.json"
sed '0,/"site": "[0-9a-f]*", "cap_bytes"/s//"site": "none", "cap_bytes"/' "$TMP/small.json" >"$TMP/curve.json"
refused 1 'curve.points\[0\].site: expected' "$TMP/curve.json"
refused 1 'expected "autopin trace"' /etc/passwd
refused 1 'none: No such file' "$TMP/none"
refused 2 "'many' is no size" "$TMP/small.json" --cap many
refused 2 'one report in JSON, or one trace'
exit $failed
