#!/bin/bash
# What autopin tune predicts from one trace is what then happens, within 15 %: under the pinning.conf that it proposes,
# under another cap, and without pinning.  Compared are the times of all copies as the simulated driver models them, and
# the bytes that went the direct way; the times by the report's clock are shown too, but a busy machine makes them longer
# (modelled copies sleep), so nothing is judged by them.
# timeout 300
set -u
fail() { echo "$*" && exit 1; }
export LD_LIBRARY_PATH=$BUILD/sim SIMCUDA_DATA=0 SIMCUDA_PAGEABLE_GBPS=0.25 SIMCUDA_PINNED_GBPS=1.5 SIMCUDA_REGISTER_US_PER_MIB=500
# Staging moves the bytes in threads of its own: on a busy machine nobody can say how fast.
export AUTOPIN_STAGING=never AUTOPIN_BACKEND=cuda
run() { SIMCUDA_STATE=$TMP/$1.state AUTOPIN_REPORT=$TMP/$1.json LD_PRELOAD=$LIB "$BUILD/tests/t_trace_program" || fail "$1: exit $?"; }

AUTOPIN_MAX_PINNED=1G AUTOPIN_TRACE=$TMP/t.trace run recorded
"$BUILD/autopin" tune "$TMP/t.trace" >"$TMP/tuned.conf" 2>"$TMP/summary" || fail "$(cat "$TMP/summary")"
cat "$TMP/summary" "$TMP/tuned.conf"
grep -q '^promote = never' "$TMP/tuned.conf" || fail 'the weights, which are copied once, are not worth pinning'

# Lives that were only counted are told of as soon as something happens to their block: nothing is copied out of nowhere.
! "$BUILD/autopin-replay" "$TMP/t.trace" | grep 'not in the file' || fail "events are missing"

status=0
compare() { # compare NAME REPLAY-ARGUMENTS...
    "$BUILD/autopin-replay" "${@:2}" "$TMP/t.trace" >"$TMP/predicted" || fail "$1: replay"
    "$BUILD/sim/simstat" "$TMP/$1.state" >"$TMP/stat"
    /usr/bin/python3 - "$1" "$TMP/$1.json" "$TMP/stat" "$TMP/predicted" <<'END' || status=1
import json, re, sys
name, report, stat, predicted = sys.argv[1:]
report = json.load(open(report))
ways = [(key, way) for side in report["copies"].values() for key, way in side.items() if not key.startswith("foreign")]
taken, everything = (sum(way[what] for _, way in ways) for what in ("ns", "bytes"))
direct = sum(way["bytes"] for key, way in ways if key == "direct") / 2**20
modelled = sum(int(words[1]) for words in map(str.split, open(stat)) if words[0].startswith("modelled_ns_")) / 1e9
row = re.split(" {2,}", open(predicted).read().splitlines()[-1])
copies, pins, would = float(row[1]), float(row[2]), float(row[5])
print(f"{name}: copies {copies:.3f} s predicted, {modelled:.3f} s modelled ({100 * (copies / modelled - 1):+.1f} %), {taken / 1e9:.3f} s by the clock; "
      f"pins {pins:.3f} and {report['pins']['pin_ns'] / 1e9:.3f} s, {row[6]} and {report['pins']['pins']}; direct {would:.1f} and {direct:.1f} MiB")
sys.exit(abs(copies / modelled - 1) > 0.15 or abs(would - direct) > 0.15 * everything / 2**20)
END
}
AUTOPIN_CONF=$TMP/tuned.conf run tuned 2>"$TMP/said"
[ ! -s "$TMP/said" ] || fail "the library does not accept it: $(cat "$TMP/said")"
compare tuned --conf "$TMP/tuned.conf"
AUTOPIN_MAX_PINNED=64M run cap
compare cap --cap 64M
AUTOPIN_MAX_PINNED=0 run none
compare none --cap 0
exit $status
