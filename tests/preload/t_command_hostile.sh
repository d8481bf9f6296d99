#!/bin/bash
# Damaged reports crash nothing, under the address and undefined-behaviour sanitizers: `autopin report` and `merge` end with a
# text or with one sentence.
# timeout 600
set -u
fail() { echo "$1" && exit 1; }
unset MAKEFLAGS MFLAGS MAKELEVEL
asan=$(realpath --relative-to=. "$BUILD")/asan # as make names it elsewhere, or it would not know what is old
make --no-print-directory -s -j "$(nproc)" BUILD="$asan" CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all' \
    "$asan/autopin" >"$TMP/out" 2>&1 || fail "the build: $(tail -n 5 "$TMP/out")"
export ASAN_OPTIONS=detect_leaks=0

# A report with a bit of everything: sites with a rule and function names, notes, advice, two processes.
printf '[site ends]\nmodule = t_life_end\n' >"$TMP/my.conf"
for name in a b; do
    AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes "$BUILD/autopin" run -c "$TMP/my.conf" -o "$TMP/$name.json" -- "$BUILD/tests/t_life_end" exit >/dev/null
done
python3 -c "import json
r = json.load(open('$TMP/a.json'))
r['notes'] = ['one', 'two']
r['advice'] = [{'kind': 'max_pinned', 'predicted_gain_ns': 7, 'site': None, 'text': '[limits]\n# predicted gain: 7 ns\nmax_pinned = 2G\n'},
               {'kind': 'always', 'predicted_gain_ns': 9, 'site': r['sites'][0]['key'],
                'text': '[site x-4M-1]\n# predicted gain: 9 ns\nmodule = x\npromote = always\n'}]
r['pinning_conf'] = '\n'.join(a['text'] for a in r['advice'])
json.dump(r, open('$TMP/a.json', 'w'))"
"$asan/autopin" merge "$TMP/a.json" "$TMP/b.json" -o "$TMP/good.json" || fail 'the good ones'
"$asan/autopin" report "$TMP/good.json" >/dev/null || fail 'the good one'
mkdir "$TMP/bad"
tests/preload/hostile_json.py "$asan/autopin" "$TMP/good.json" "$TMP/bad" "${HOSTILE:-300}"
