#!/bin/bash
# `autopin report` finds file, line and inlined functions of the frames in the modules' debug information: in the module, in
# a debug file of its own, and in no file but the one that ran.  Whatever file a report names, it ends.
# timeout 180
set -u
command -v g++ >/dev/null || { echo "g++ is not installed" && exit 77; }
autopin=$BUILD/autopin
source=tests/clients/inlined_frames.cc
failed=0
wrong() { echo "$1" && failed=1; }
line() { grep -n "line: $1 " $source | cut -d: -f1; }
report() { # report WORDS...: into $TMP/out
    timeout 60 "$autopin" report "$@" >"$TMP/out" 2>"$TMP/err" || wrong "$*: status $?"
    [ ! -s "$TMP/err" ] || wrong "$*: $(head -c 300 "$TMP/err")"
}
has() { grep -qF -- "$1" "$TMP/out" || wrong "'$1' is not in: $(cat "$TMP/out")"; }
lacks() { ! grep -qF -- "$1" "$TMP/out" || wrong "'$1' is in: $(cat "$TMP/out")"; }
chain() { # the whole of it, in this order
    local expected
    expected="store::Buffer<float>::make at $source:$(line malloc)
inlined in store::Buffer<float>::Buffer at $source:$(line constructor)
inlined in (anonymous)::fill at $source:$(line fill)
inlined in work at $source:$(line work)
main at $source:$(line main)"
    [ "$(grep -F "$source:" "$TMP/out" | sed 's/^ *//')" = "$expected" ] || wrong "$1: $(cat "$TMP/out")"
    lacks '  note'
}

g++ -O2 -g -o "$TMP/app" $source || exit 1
AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes AUTOPIN_BACKEND=mlock "$autopin" run -o "$TMP/r.json" -- "$TMP/app" >/dev/null || exit 1
report "$TMP/r.json" && chain 'in the module'

# Without source lines it is what the library would have written.
cp "$TMP/out" "$TMP/lines"
report --no-source "$TMP/r.json" && lacks "$source"
diff "$TMP/out" <(grep -vE '^ {15}' "$TMP/lines") || wrong '--no-source'

# A page has the same lines.
if /usr/bin/python3 -c 'import matplotlib' 2>/dev/null; then
    report "$TMP/r.json" --html "$TMP/r.html" && cp "$TMP/r.html" "$TMP/out"
    has "inlined in store::Buffer&lt;float&gt;::Buffer at $source:$(line constructor)"
fi

# Stripped: nothing, and no complaint; with a debug file beside it, in .debug, or by build-id in a folder.
cp "$TMP/app" "$TMP/whole"
id=$(grep -o "$TMP/app\", \"module_offset\": [0-9]*, \"build_id\": \"[0-9a-f]*" "$TMP/r.json" | head -n 1 | grep -o '[0-9a-f]*$')
[ ${#id} -eq 40 ] || wrong "build-id: '$id'"
strip "$TMP/app"
report "$TMP/r.json" && lacks "$source" && lacks '  note'
mkdir -p "$TMP/.debug" "$TMP/files/.build-id/${id:0:2}"
objcopy --only-keep-debug "$TMP/whole" "$TMP/app.debug"
(cd "$TMP" && objcopy --add-gnu-debuglink=app.debug app)
report "$TMP/r.json" && chain 'beside it'
mv "$TMP/app.debug" "$TMP/.debug"
report "$TMP/r.json" && chain 'in .debug'
mv "$TMP/.debug/app.debug" "$TMP/files/.build-id/${id:0:2}/${id:2}.debug"
report "$TMP/r.json" && lacks "$source"
report --debug-files "$TMP/files" "$TMP/r.json" && chain 'by build-id'

# What the library can match of a source file: a function it has a name for, else module, size and depth.
sections() { # sections PATTERN REPORT: into $TMP/out
    "$autopin" config --source "$1" -r "$2" >"$TMP/out" 2>"$TMP/err"
}
cp "$TMP/whole" "$TMP/app"
sections inlined_frames.cc "$TMP/r.json" || wrong "--source: $(cat "$TMP/err")"
has 'The library knows no name for this function' && has 'module = app' && has 'min_size = 33554432' && lacks 'function ='
sections 'nothing*' "$TMP/r.json" && wrong 'a source that is not there'
grep -q "no call site of $TMP/r.json has a frame in a source file that fits 'nothing\*'" "$TMP/err" || wrong "$(cat "$TMP/err")"
g++ -O2 -g -rdynamic -o "$TMP/named" $source
AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes AUTOPIN_BACKEND=mlock "$autopin" run -o "$TMP/named.json" -- "$TMP/named" >/dev/null
sections '*/inlined_frames.cc' "$TMP/named.json" || wrong "--source: $(cat "$TMP/err")"
has 'function = work' && has 'depth = 0' && lacks 'min_size'
sed 's/^promote = .*/promote = never/' "$TMP/out" >"$TMP/named.conf"
AUTOPIN_BACKEND=mlock AUTOPIN_REPORT_EMPTY=yes "$autopin" run -c "$TMP/named.conf" -o "$TMP/never.json" -- "$TMP/named" >/dev/null
grep -q '"rule": "source-1".*"reason": "never"' "$TMP/never.json" || wrong "pasted: $(head -c 1500 "$TMP/never.json")"
printf '[site x]\nsource = inlined_frames.cc\n' >"$TMP/source.conf"
"$autopin" config -c "$TMP/source.conf" 2>&1 >/dev/null | grep -q 'source.conf:2: source files are not known while a program runs' || wrong 'source ='

# Another build in its place is not used, nor one that cannot be told; the debug file of the right one is.
g++ -O2 -g -DOTHER -fno-inline -o "$TMP/app" $source
report "$TMP/r.json" && lacks "$source" && has "$TMP/app is not the file that ran (build-id "
[ "$(grep -c '  note' "$TMP/out")" -eq 1 ] || wrong "notes: $(grep '  note' "$TMP/out")"
report --debug-files "$TMP/files" "$TMP/r.json" && chain 'instead of another build'
rm "$TMP/app"
report "$TMP/r.json" && lacks "$source" && has "$TMP/app cannot be read (No such file or directory): no source lines"
cp "$TMP/whole" "$TMP/app"
sed 's/, "build_id": "[0-9a-f]*"//g' "$TMP/r.json" >"$TMP/unnamed.json"
report "$TMP/unnamed.json" && lacks "$source" && has "$TMP/app: the report names no build-id for it"

# No server is asked.
if command -v strace >/dev/null; then
    DEBUGINFOD_URLS=http://127.0.0.1:9/ strace -f -e trace=connect -o "$TMP/calls" "$autopin" report "$TMP/r.json" >/dev/null
    ! grep -q AF_INET "$TMP/calls" || wrong "a server was asked: $(cat "$TMP/calls")"
fi

# changed NAME EXPRESSION: r, the report, changed by Python
changed() {
    /usr/bin/python3 -c "import json
r = json.load(open('$TMP/r.json'))
site, frame = r['sites'][0], r['sites'][0]['stack'][0]
$2
json.dump(r, open('$TMP/$1', 'w'))"
}
# Files that are none, that never end, that are no programs; damaged ones.
mkfifo "$TMP/fifo"
truncate -s 4T "$TMP/huge" 2>/dev/null || truncate -s 1T "$TMP/huge"
head -c 3000 "$TMP/whole" >"$TMP/cut"
for file in "$TMP/fifo" "$TMP/huge" /dev/zero /dev/tty /dev/stdin /proc/kmsg /proc/self/mem /proc/kcore "$TMP" ./none $source; do
    changed odd.json "for f in site['stack']: f['module'] = '$file'"
    report "$TMP/odd.json" && has '  note' && has "$file" && lacks "$source:"
done
changed odd.json "for f in site['stack']: f['module'] = '$TMP/cut'"
report "$TMP/odd.json" && lacks "$source:"
changed odd.json "site['stack'] = [{'module': '/dev/x%d' % i, 'module_offset': i} for i in range(8)]
r['sites'] = [dict(site, key='%016x' % i, stack=[dict(f, module=f['module'] + str(i)) for f in site['stack']]) for i in range(200)]
r['n_sites'] = 200"
report "$TMP/odd.json" && has 'no source lines either for'
[ "$(grep -c '  note' "$TMP/out")" -le 8 ] || wrong 'too many notes'
changed odd.json "frame['module_offset'] = 0; site['stack'][1]['module_offset'] = (1 << 63) - 1; frame['source'] = [{'line': 'x'}, 3]"
report "$TMP/odd.json" && lacks "$source:"
changed odd.json "frame['build_id'] = 'xyz'"
"$autopin" report "$TMP/odd.json" >/dev/null 2>"$TMP/err" && wrong 'a wrong build-id'
grep -q 'build_id: expected a build-id in hexadecimal digits' "$TMP/err" || wrong "a wrong build-id: $(cat "$TMP/err")"

# Debug information that is damaged, under the right build-id: an answer or none, but an end.
/usr/bin/python3 - "$TMP/whole" "$TMP/app" "$autopin" "$TMP/r.json" <<'END' || failed=1
import random, subprocess, sys
whole, app, autopin, report = sys.argv[1:]
data = open(whole, "rb").read()
rng = random.Random(1)
start = data.rindex(b".shstrtab") // 3
for round in range(60):
    bad = bytearray(data)
    for _ in range(rng.choice([3, 30, 300])):
        bad[rng.randrange(start, len(bad))] = rng.randrange(256)
    open(app, "wb").write(bad)
    done = subprocess.run([autopin, "report", report], capture_output=True, timeout=60)
    if done.returncode or done.stderr:
        sys.exit(f"damaged {round}: {done.returncode} {done.stderr[:300]}")
END
cp "$TMP/whole" "$TMP/app"

# A thousand addresses.
id=$(readelf -n "$LIB" | sed -n 's/.*Build ID: //p')
text=$(readelf -SW "$LIB" | sed -n 's/.* \.text *PROGBITS *\([0-9a-f]*\) .*/\1/p')
changed many.json "r['sites'] = [dict(site, key='%016x' % i, stack=[{'module': '$LIB', 'build_id': '$id', 'module_offset':
    0x$text + 4096 + 37 * (8 * i + k)} for k in range(8)]) for i in range(125)]"
report "$TMP/many.json"
[ "$(grep -cE '^ {15}[^ ].* at .*\.[chS]:[0-9]+$' "$TMP/out")" -ge 1000 ] || wrong "of a thousand: $(grep -cE '^ {15}' "$TMP/out")"
exit $failed
