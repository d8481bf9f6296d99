#!/bin/bash
# `autopin merge` sums the reports of several processes: figures, sites by their keys, advice; in any order, and again.
set -u
autopin=$BUILD/autopin
failed=0
wrong() { echo "$1" && failed=1; }

# Three processes of one program, two of them alike in their sites.
export AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes AUTOPIN_BACKEND=mlock
for run in 'a (4, 4, 20)' 'b (4, 20, 20)' 'c (64, )'; do
    "$autopin" run -o "$TMP/${run%% *}.json" -- /usr/bin/python3 -c "print([len(bytearray(n << 20)) for n in ${run#* }])" >/dev/null
done
cd "$TMP" || exit 1
"$autopin" merge a.json b.json c.json -o abc.json || wrong "status $?"
"$autopin" merge a.json b.json c.json >stdout.json || wrong "to stdout: status $?"
cmp -s abc.json stdout.json || wrong '-o and stdout differ'
"$autopin" merge a.json b.json -o ab.json && "$autopin" merge ab.json c.json -o later.json || wrong 'of merged ones'
"$autopin" merge c.json a.json b.json -o other.json
"$autopin" merge a.json -o one.json
cd - >/dev/null || exit 1
python3 tests/unit/check_json.py tests/data/report.schema.json "$TMP"/{abc,ab,later,other,one}.json || wrong 'the schema'
python3 tests/unit/check_json.py --own tests/data/report.schema.json "$TMP"/{abc,ab,later,other,one}.json || wrong 'the schema (own)'

cat >"$TMP/check.py" <<'END'
"""The sums, by other code than that of the command."""
import json, sys
names = sys.argv[1:]
def read(name):
    with open(f"{name}.json", encoding="utf-8") as file:
        return json.load(file)
parts = [read(name) for name in "abc"]
abc, later, other, one = (read(name) for name in ("abc", "later", "other", "one"))
def expect(what, is_, should):
    if is_ != should:
        print(f"{what}: {is_} instead of {should}")
        sys.exit(1)
def numbers(value, path=""):
    """Every number by its path, the sites' by their keys."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in ("processes", "advice", "process", "stack", "bytes_per_second", "history", "curve"):
                yield from numbers(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                yield from numbers(item, f"{path}[{item['key']}]")
    elif isinstance(value, int) and not isinstance(value, bool):
        yield path, value
special = {"node_cap_bytes": max, "node_bytes": max, "node_peak_bytes": max, "n_sites": None, "size_log2": max, "bytes_min": min, "bytes_max": max}
sums = {}
for part in parts:
    for path, value in numbers(part):
        sums.setdefault(path, []).append(value)
merged = dict(numbers(abc))
expect("paths", sorted(merged), sorted(sums))
for path, values in sums.items():
    how = special.get(path.rsplit(".", 1)[-1], sum)
    if how:
        expect(path, merged[path], how(values))
keys = {site["key"] for part in parts for site in part["sites"]}
expect("sites", {site["key"] for site in abc["sites"]}, keys)
expect("shared sites", len(keys) < sum(len(part["sites"]) for part in parts), True)
expect("n_sites", abc["n_sites"], len(keys))
expect("processes", abc["processes"], [part["process"] for part in parts])
expect("duration", abc["process"]["duration_ns"], max(part["process"]["duration_ns"] for part in parts))
for what in (later, other):
    expect("another order", dict(numbers(what)), merged)
    expect("processes there", sorted(p["pid"] for p in what["processes"]), sorted(p["pid"] for p in abc["processes"]))
    expect("advice there", what["pinning_conf"], abc["pinning_conf"])
expect("later", later, abc)
expect("of one", dict(numbers(one)), dict(numbers(parts[0])))
END
(cd "$TMP" && python3 check.py) || wrong 'the figures'

# The text of it, and the processes in it.
"$autopin" report "$TMP/abc.json" >"$TMP/out" || wrong "report: status $?"
grep -q '^autopin: python3 (3 processes) ended by exit after .*; backend mlock$' "$TMP/out" || wrong "head: $(head -n 1 "$TMP/out")"
[ "$(grep -cE '(processes|^ +)  *python3 \(pid [0-9]+\) ended by exit after' "$TMP/out")" -eq 3 ] || wrong "processes: $(head -n 8 "$TMP/out")"
"$autopin" report "$TMP/one.json" | tail -n +3 | diff - <("$autopin" report "$TMP/a.json" | tail -n +2) || wrong 'of one: another text'

# Advice: the same stands there once, with its gains summed; of limits the largest; sections have names of their own.
python3 - "$TMP" <<'END'
import json, sys
folder = sys.argv[1]
with open(f"{folder}/a.json", encoding="utf-8") as file:
    report = json.load(file)
def section(name, gain, module):
    return {"kind": "always", "predicted_gain_ns": gain * 10**6, "site": report["sites"][0]["key"], "text":
            f"[site {name}]\n# predicted gain: {gain}.0 ms\nmodule = {module}\nmin_size = 4M\nmax_size = 8388607\npromote = always\n"}
def limit(kind, value, gain):
    return {"kind": kind, "predicted_gain_ns": gain * 10**6, "site": None,
            "text": f"[limits]\n# predicted gain: {gain}.0 ms\n{kind} = {value}\n"}
def put(name, *advice):
    report["advice"] = advice
    with open(f"{folder}/{name}.json", "w", encoding="utf-8") as file:
        json.dump(report, file)
lock = {"kind": "memlock", "predicted_gain_ns": 10**6, "site": None,
        "text": "# predicted gain: 1.00 ms with a higher limit on locked memory: ulimit -l 64\n"}
more = dict(lock, text=lock["text"].replace("64", "128"))
put("x", limit("max_pinned", "1000M", 10), lock, section("x-4M-1", 60, "x"))
put("y", limit("max_pinned", "2G", 20), limit("max_regions", "7", 5), more, section("z-4M-1", 80, "z"), section("x-4M-2", 70, "x"))
END
"$autopin" merge "$TMP/x.json" "$TMP/y.json" -o "$TMP/xy.json" || wrong 'advice'
python3 tests/unit/check_json.py tests/data/report.schema.json "$TMP/xy.json" || wrong 'advice: the schema'
python3 -c "import json; print(json.load(open('$TMP/xy.json'))['pinning_conf'], end='')" >"$TMP/xy.conf"
cat >"$TMP/should" <<'END'
[limits]
# predicted gain: 30.0 ms
max_pinned = 2G
# predicted gain: 5.00 ms
max_regions = 7

# predicted gain: 2.00 ms with a higher limit on locked memory: ulimit -l 128

[site x-4M-1]
# predicted gain: 130 ms
module = x
min_size = 4M
max_size = 8388607
promote = always

[site z-4M-2]
# predicted gain: 80.0 ms
module = z
min_size = 4M
max_size = 8388607
promote = always
END
diff "$TMP/should" "$TMP/xy.conf" || wrong 'advice: another text'
env -u AUTOPIN_PROMOTE -u AUTOPIN_PIN_WAIT -u AUTOPIN_BACKEND "$autopin" config -c "$TMP/xy.conf" >/dev/null || wrong 'advice: no valid pinning.conf'

# A process that is in two files counts twice: a note says which, and nothing else changes.
# said PATTERN ARGUMENTS...
said() {
    local pattern=$1
    shift
    (cd "$TMP" && "$autopin" merge "$@" -o twice.json 2>err) || wrong "$*: status $?"
    [ "$(grep -c '' "$TMP/err")" -eq "$([ -n "$pattern" ] && echo 1 || echo 0)" ] && grep -Eq "$pattern" <(cat "$TMP/err" && echo) ||
        wrong "$*: $(cat "$TMP/err")"
}
said '^autopin merge: python3 \(pid [0-9]+\) is in both a.json and a.json, and counts twice$' a.json b.json a.json
[ "$(python3 -c "import json; print(len(json.load(open('$TMP/twice.json'))['processes']))")" -eq 3 ] || wrong 'twice: not counted as it is said'
said 'in both b.json and ab.json, and counts twice$' b.json c.json ab.json
said 'in both a.json and ab.json, and counts twice; so does 1 other process$' c.json a.json b.json ab.json
said 'in both ab.json and abc.json, and counts twice; so does 1 other process$' ab.json abc.json
said 'in both [abc].json and abc.json, and counts twice; so do 2 others$' a.json b.json c.json abc.json
said '' a.json b.json c.json
said '' ab.json c.json
# The number comes again elsewhere, with the same command line.
sed 's/"duration_ns": [0-9]*/"duration_ns": 1/' "$TMP/a.json" >"$TMP/elsewhere.json"
said '' a.json elsewhere.json
sed '0,/"pid": [0-9]*/s//"pid": 1/' "$TMP/a.json" >"$TMP/elsewhere.json"
said '' a.json elsewhere.json

# refused STATUS PATTERN ARGUMENTS...
refused() {
    local expected=$1 pattern=$2 status
    shift 2
    timeout 20 "$autopin" merge "$@" >"$TMP/out" 2>"$TMP/err"
    status=$?
    [ $status -eq "$expected" ] || wrong "$*: status $status instead of $expected"
    [ ! -s "$TMP/out" ] || wrong "$*: stdout: $(head -c 300 "$TMP/out")"
    [ "$(grep -c '' "$TMP/err")" -eq 1 ] && grep -Eq "^autopin merge: .*$pattern" "$TMP/err" || wrong "$*: $(head -c 600 "$TMP/err")"
}
refused 2 'no report to merge'
refused 2 'perhaps --output' --ouptut x "$TMP/a.json"
refused 1 'none.json: cannot be read: No such file' "$TMP/a.json" "$TMP/none.json"
refused 1 'none/o.json cannot be written: No such file' "$TMP/a.json" -o "$TMP/none/o.json"

# A link such as /dev/stdout, and what else is no file, is written to, and not replaced.
ln -s /proc/self/fd/1 "$TMP/out-link" && mkfifo "$TMP/out-pipe"
"$autopin" merge "$TMP/a.json" -o "$TMP/out-link" >"$TMP/out-linked" || wrong "to a link: status $?"
[ -h "$TMP/out-link" ] || wrong 'a link was replaced'
cat "$TMP/out-pipe" >"$TMP/out-piped" & reader=$!
"$autopin" merge "$TMP/a.json" -o "$TMP/out-pipe" || wrong "to a pipe: status $?"
[ -p "$TMP/out-pipe" ] || { kill $reader && wrong 'a pipe was replaced'; }
wait $reader
cmp "$TMP/one.json" "$TMP/out-linked" && cmp "$TMP/one.json" "$TMP/out-piped" || wrong 'to what is no file'
sed 's/"predicted_gain_ns": 10000000/"predicted_gain_ns": "ten"/' "$TMP/x.json" >"$TMP/bad.json"
refused 1 "bad.json: advice\[0\].predicted_gain_ns: expected a whole number from 0, found 'ten'" "$TMP/a.json" "$TMP/bad.json"
[ -z "$(find "$TMP" -name '*.tmp')" ] || wrong 'a file was left behind'
exit $failed
