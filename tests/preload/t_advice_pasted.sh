#!/bin/bash
# The advice of a report, pasted into pinning.conf, does what it says: each line is understood, the site is caught by it, and
# the next run is changed as promised.
# timeout 180
set -u
program=$BUILD/bench/hot_copies
[ -e "$SIM" ] && [ -x "$program" ] || { echo "the simulated driver or hot_copies is not built" && exit 77; }
export SIMCUDA_DATA=0 SIMCUDA_PAGEABLE_GBPS=8 SIMCUDA_PINNED_GBPS=50 AUTOPIN_STAGING=never
export AUTOPIN_PIN_WAIT=yes # so that none is under way when a program ends
failed=0
wrong() { echo "$1" && failed=1; }

# run NAME WORDS...: hot_copies under $TMP/NAME.conf, its report in $TMP/NAME.json
run() {
    local name=$1
    shift
    env LD_LIBRARY_PATH="$BUILD/sim" SIMCUDA_STATE="$TMP/$name.state" AUTOPIN_CONF="$TMP/$name.conf" AUTOPIN_REPORT="$TMP/$name.json" \
        LD_PRELOAD="$LIB" "$program" "$@" >/dev/null 2>"$TMP/$name.err" || wrong "$name: status $?"
    [ ! -s "$TMP/$name.err" ] || wrong "$name: $(cat "$TMP/$name.err")"
}
# ask NAME EXPRESSION: of the report r, in Python
ask() { /usr/bin/python3 -c "import json; r = json.load(open('$TMP/$1.json')); s = r['sites']; print($2)"; }
expect() { [ "$(ask "$1" "$2")" = True ] || wrong "$1: not so: $2: $(ask "$1" "r['pinning_conf'], r['refused'], r['pins'], r['pinned']")"; }
# paste FROM TO: the advice goes to the end of the file; a line that it says it stands in place of goes
paste_advice() {
    ask "$1" "r['pinning_conf']" >"$TMP/advice"
    [ "$(grep -c '=' "$TMP/advice")" -gt 0 ] || wrong "$1: no advice"
    cp "$TMP/$1.conf" "$TMP/$2.conf"
    sed -n 's/^# in place of .* in line \([0-9]*\) of pinning.conf$/\1/p' "$TMP/advice" | while read -r line; do sed -i "${line}s/.*//" "$TMP/$2.conf"; done
    cat "$TMP/advice" >>"$TMP/$2.conf"
    "$BUILD/autopin" config -c "$TMP/$2.conf" >"$TMP/config" 2>&1 || wrong "$2: the advice is not understood: $(cat "$TMP/config" "$TMP/$2.conf")"
}
# caught NAME: `autopin config --explain` says of the first site what the library did
caught() {
    local rule
    rule=$(ask "$1" "s[0]['rule']")
    "$BUILD/autopin" config -c "$TMP/$1.conf" --explain "$(ask "$1" "s[0]['key']")" -r "$TMP/$1.json" >"$TMP/out" || wrong "$1: explain"
    grep -q "^\[site $rule\] .* catches it: frame [0-9], hot_copies" "$TMP/out" || wrong "$1: $rule: $(cat "$TMP/out")"
}

# A site whose copies automatic promotion waits for.
: >"$TMP/wait.conf"
run wait malloc 64 4
expect wait "s[0]['rule'] is None and 'not_yet' in r['refused']"
paste_advice wait pasted
grep -q '^promote = always$' "$TMP/pasted.conf" || wrong "advice: $(cat "$TMP/pasted.conf")"
run pasted malloc 64 4
expect pasted "all(x['rule'] == 'hot_copies-64M-1' and x['decision']['reason'] == 'always' for x in s)"
expect pasted "'not_yet' not in r['refused'] and r['pins']['pins'] == 2"
expect pasted "r['pinning_conf'] == ''"
caught pasted

# Limits that the file sets already, or a variable.
printf '[limits]\nmax_pinned = 64M\n' >"$TMP/cap.conf"
run cap malloc 64 10
expect cap "r['refused'].get('cap', 0) > 0"
paste_advice cap more
run more malloc 64 10
expect more "'cap' not in r['refused'] and r['pins']['pins'] == 2"
printf '[limits]\nmax_regions = 1\n' >"$TMP/regions.conf"
run regions malloc 64 10
expect regions "r['refused'].get('regions', 0) > 0"
paste_advice regions many
run many malloc 64 10
expect many "'regions' not in r['refused'] and r['pins']['pins'] == 2"
: >"$TMP/variable.conf"
AUTOPIN_MAX_PINNED=64M run variable malloc 64 10
grep -q '# once the variable that overrides it is gone: AUTOPIN_MAX_PINNED\\nmax_pinned = ' "$TMP/variable.json" || wrong "a variable: $(ask variable "r['pinning_conf']")"
paste_advice variable unset
run unset malloc 64 10
expect unset "'cap' not in r['refused'] and r['pins']['pins'] == 2"

# Pins that cost more than they bring.
printf '[promotion]\npromote = always\n' >"$TMP/vain.conf"
run vain malloc 256 1 0
if grep -q 'promote = never' "$TMP/vain.json"; then
    paste_advice vain never
    run never malloc 256 1 0
    expect never "r['pins']['pins'] == 0 and all(x['decision']['reason'] == 'never' for x in s)"
    caught never
else
    echo 'pins were not in vain this time'
fi

# The section that caught a site is to be changed: told by its name.
printf '[site mine]\nmodule = hot_copies\npromote = after=4000\n' >"$TMP/mine.conf"
run mine malloc 64 4
expect mine "'with promote = always in [site mine]' in r['pinning_conf']"
exit $failed
