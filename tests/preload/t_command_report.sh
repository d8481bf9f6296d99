#!/bin/bash
# `autopin report` prints the text of a report in JSON as the library would have, and says in one sentence what is wrong with
# a file that is none.  That the lines are the same is tested in tests/unit (fixture_read_again()).
set -u
autopin=$BUILD/autopin
failed=0
wrong() { echo "$1" && failed=1; }

AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes AUTOPIN_BACKEND=mlock "$autopin" run -o "$TMP/r.json" -- \
    /usr/bin/python3 -c 'print([len(bytearray(n << 20)) for n in (4, 20, 4, 20)])' >/dev/null
"$autopin" report "$TMP/r.json" >"$TMP/out" || wrong "status $?"
grep -Eq '^autopin: python3 \(pid [0-9]+\) ended by exit after .*; backend mlock$' "$TMP/out" || wrong "head: $(head -n 3 "$TMP/out")"
sites=$(grep -c '^  site ' "$TMP/out")
[ "$sites" -eq "$(grep -c '"decision"' "$TMP/r.json")" ] && [ "$sites" -gt 1 ] || wrong "$sites sites"
pins=$(sed -n '/"pins": {/,/}/s/^ *"pins": \([0-9]*\),$/\1/p' "$TMP/r.json")
grep -q "^  pins       $pins in " "$TMP/out" || wrong "pins: $pins, and $(grep '^  pins' "$TMP/out")"
"$autopin" report -n 1 "$TMP/r.json" >"$TMP/out"
[ "$(grep -c '^  site ' "$TMP/out")" -eq 1 ] && grep -q 'of which the 1 most important follow' "$TMP/out" || wrong '--sites 1'
"$autopin" report --sites=0 "$TMP/r.json" | grep -q '^  site ' && wrong '--sites 0'
"$autopin" report - <"$TMP/r.json" >/dev/null 2>&1 && wrong 'a dash is a file like any other'
"$autopin" report /dev/stdin <"$TMP/r.json" >/dev/null || wrong 'from a pipe'

# refused STATUS PATTERN ARGUMENTS...
refused() {
    local expected=$1 pattern=$2 status
    shift 2
    timeout 20 "$autopin" report "$@" >"$TMP/out" 2>"$TMP/err"
    status=$?
    [ $status -eq "$expected" ] || wrong "$*: status $status instead of $expected"
    [ ! -s "$TMP/out" ] || wrong "$*: stdout: $(head -c 300 "$TMP/out")"
    [ "$(grep -c '' "$TMP/err")" -eq 1 ] && grep -Eq "^autopin report: .*$pattern" "$TMP/err" || wrong "$*: $(head -c 600 "$TMP/err")"
}

# changed NAME EXPRESSION PATTERN: r, the report, changed by Python
changed() {
    python3 -c "import json, sys
r = json.load(open('$TMP/r.json'))
$2
json.dump(r, open('$TMP/$1', 'w'))"
    refused 1 "$1:.*$3" "$TMP/$1"
}
refused 1 'none.json: cannot be read: No such file' "$TMP/none.json"
refused 1 'cannot be read: Is a directory' "$TMP"
: >"$TMP/empty" && refused 1 'empty:1:0: no JSON, expected a report' "$TMP/empty"
head -c 1000 "$TMP/r.json" >"$TMP/cut" && refused 1 'cut:[0-9]+:[0-9]+: no JSON' "$TMP/cut"
refused 1 'no JSON' /dev/zero
refused 1 'no JSON' "$autopin"
printf '{"a": 1, "a": 2}' >"$TMP/twice" && refused 1 'twice:.*duplicate' "$TMP/twice"
printf '[]' >"$TMP/list" && refused 1 'list: the document: expected an object, found a list of 0' "$TMP/list"
printf '{}' >"$TMP/nothing" && refused 1 "nothing: schema: expected a text, found nothing" "$TMP/nothing"
changed schema "r['schema'] = 'autopin-report-9'" "schema: expected 'autopin-report-1', found 'autopin-report-9'"
changed gone "del r['pins']['pin_ns']" 'pins.pin_ns: expected a whole number from 0, found nothing'
changed negative "r['sites'][1]['pins'] = -1" 'sites\[1\].pins: expected a whole number from 0, found -1'
changed fraction "r['sites'][0]['copies']['device_to_host']['direct']['ns'] = 1.5" \
    'sites\[0\].copies.device_to_host.direct.ns: expected a whole number from 0, found a fraction'
changed huge "r['n_sites'] = 1 << 63" 'too big integer'
changed word "r['totals']['waits'] = 'many'" "totals.waits: expected a whole number from 0, found 'many'"
changed control "r['totals']['waits'] = '\\x1b[31mred'" "totals.waits: expected a whole number from 0, found '\?\[31mred'"
changed key "r['sites'][0]['key'] = 'xyz'" 'sites\[0\].key: expected 16 hexadecimal digits'
changed reason "r['sites'][0]['decision']['reason'] = 'fun'" "decision.reason: expected the name of a reason, found 'fun'"
changed deep "r['sites'][0]['stack'] = [{'module': '', 'module_offset': 0}] * 9" 'stack: expected a list of at most 8, found a list of 9'
changed size "r['sites'][0]['size_log2'] = 64" 'size_log2: expected a whole number from 0 to 63, found 64'
changed notes "r['notes'] = ['x'] * 9" 'notes: expected a list of at most 8'
"$autopin" report >"$TMP/out" 2>"$TMP/err" && [ ! -s "$TMP/err" ] || wrong 'without a file'
refused 2 'stands alone' --clean "$TMP/r.json"
refused 2 'one report' "$TMP/r.json" "$TMP/r.json"
refused 2 'no number of sites' --sites many "$TMP/r.json"
refused 2 'no option --site' --sitez 3 "$TMP/r.json"

# What is not known is skipped; what goes to a terminal is text.
python3 -c "import json
r = json.load(open('$TMP/r.json'))
r['later'] = [{}]
r['process']['program'] = r['version'] = r['backend']['name'] = r['process']['cause'] = '\\x1b[31mred\\n'
r['pinning_conf'] = 'one\\n\\x1b[31mtwo\\nthree' + 'x' * 5000
r['sites'][0]['rule'] = r['sites'][0]['stack'][0]['function'] = '\\x9b31m'
r['sites'][0]['stack'][0]['function_offset'] = 3
json.dump(r, open('$TMP/odd', 'w'))"
"$autopin" report "$TMP/odd" >"$TMP/out" || wrong "odd: status $?"
tr -d '\n' <"$TMP/out" | LC_ALL=C grep -q '[^[:print:]]' && wrong "control characters: $(LC_ALL=C grep '[^[:print:]]' "$TMP/out" | cat -v)"
"$autopin" report "$TMP/r.json" >/dev/full 2>"$TMP/err" && wrong 'a full device'
grep -q 'cannot be written' "$TMP/err" || wrong "a full device: $(cat "$TMP/err")"
exit $failed
