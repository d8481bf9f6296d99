#!/bin/bash
# `autopin report` names frames that are in no module by /tmp/perf-PID.map, if that is certain to be the process's own.
set -u
autopin=$BUILD/autopin
failed=0
wrong() { echo "$1" && failed=1; }
AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes AUTOPIN_BACKEND=mlock "$autopin" run -o "$TMP/whole.json" -- \
    /usr/bin/python3 -c 'print([len(bytearray(n << 20)) for n in (4, 20, 4, 20)])' >/dev/null
pid=$(sed -n 's/^ *"pid": \([0-9]*\),$/\1/p' "$TMP/whole.json")
map=/tmp/perf-$pid.map
[ -n "$pid" ] && [ ! -e "$map" ] || { echo "there is a $map" && exit 77; }
trap 'rm -f "$map"' EXIT
/usr/bin/python3 -c "import json
r = json.load(open('$TMP/whole.json'))
r['sites'][0]['stack'] = [{'module': '', 'module_offset': at} for at in (0x5010, 0x6000, 0x7005, 0x8001, 0, (1 << 63) - 1)]
json.dump(r, open('$TMP/r.json', 'w'))"
touch -r "$TMP/whole.json" "$TMP/r.json"
good() { # good: a map as the process would have left it
    rm -f "$map"
    (umask 077 && printf '%s\n' '5000 10 py::load_weights:/srv/my model.py' '5010 20 py::other:/srv/x.py' '6000 40 jit' 'nonsense' '7000 10 one' \
        '7000 20 two' '8000 1 same' '8000 1 same' 'ffffffffffffffff ffffffffffffffff end' '9000' '9000 10' >"$map")
    touch -r "$TMP/whole.json" "$map"
}
report() { "$autopin" report "$@" "$TMP/r.json" >"$TMP/out" 2>&1 || wrong "$*: status $?"; }
has() { grep -qE -- "$1" "$TMP/out" || wrong "/$1/ is not in: $(cat "$TMP/out")"; }
none() { ! grep -qE 'load_weights|same' "$TMP/out" || wrong "$1: $(cat "$TMP/out")"; }

good && report
has '^ *load_weights at /srv/my model.py$' # 0x5010 is what a call returns to, so in the first
has '^ *same$'
[ "$(grep -cE '^ {15}' "$TMP/out")" -eq 2 ] || wrong "more than two names: $(cat "$TMP/out")"
report --no-source && none '--no-source'
# Not certain: of another time, writable by others, no file, another's.
good && touch -d '1 hour ago' "$map" && report && none 'before it began' && has "note +$map is not certain"
good && touch -d '1 hour' "$map" && report && none 'after it ended' && has "note +$map is not certain"
good && chmod 666 "$map" && report && none 'writable' && has "note +$map is not certain"
rm -f "$map" && ln -s "$TMP/whole.json" "$map" && report && none 'a link' && has "note +$map is not certain"
rm -f "$map" && mkfifo "$map" && timeout 20 "$autopin" report "$TMP/r.json" >"$TMP/out" && none 'a pipe' && has "note +$map is not certain"
if [ "$(id -u)" -eq 0 ]; then
    good && chown 1234 "$map" && report && none "another's" && has "note +$map is not certain"
fi
rm -f "$map" && report && none 'nothing' && ! grep -q ' note ' "$TMP/out" || wrong "no map: $(cat "$TMP/out")"

# The real thing, where there is an interpreter that writes one.
for python in python3.14 python3.13 python3.12; do
    "$python" -X perf -c 'import os, sys; os.unlink(f"/tmp/perf-{os.getpid()}.map"); sys.exit(not sys.is_stack_trampoline_active())' 2>/dev/null || continue
    printf 'def load_weights(n):\n    return bytearray(n << 20)\nfor i in range(9):\n    b = load_weights(20)\n' >"$TMP/model.py"
    AUTOPIN_PROMOTE=always AUTOPIN_BACKEND=mlock AUTOPIN_REPORT_EMPTY=yes "$autopin" run -o "$TMP/r.json" -- \
        "$(command -v "$python")" -X perf "$TMP/model.py" || wrong "$python"
    map=/tmp/perf-$(sed -n 's/^ *"pid": \([0-9]*\),$/\1/p' "$TMP/r.json").map
    report && has "^ *load_weights at $TMP/model.py$"
    break
done
exit $failed
