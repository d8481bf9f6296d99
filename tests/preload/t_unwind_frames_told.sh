#!/bin/bash
# Each block is told of the stack that allocated it, though autopin walks most stacks by what it knows of their frames,
# and some of the frames vary.  Several times, since what lies where in an aligned frame is the kernel's choice.
set -u
once() {
    AUTOPIN_REPORT_EMPTY=yes AUTOPIN_REPORT=$TMP/r.json AUTOPIN_REPORT_SITES=1000 LD_PRELOAD=$LIB "$BUILD/tests/t_unwind_frames" \
        >"$TMP/calls" 2>"$TMP/err" || { cat "$TMP/calls" "$TMP/err" && return 1; }
    python3 - "$TMP/r.json" "$TMP/calls" <<'END'
import collections, json, sys

told = collections.Counter()
for site in json.load(open(sys.argv[1]))["sites"]:
    names = [frame.get("function", "?") for frame in site["stack"]]
    names = [name for name in names if name.startswith("frames_") and name != "frames_allocate"]
    outer = "frames_gamma" if "frames_gamma" in names else names[-1]
    told[outer, names[0]] += site["blocks"]
made = {(line.split()[0], line.split()[1]): int(line.split()[2]) for line in open(sys.argv[2])}
for key in sorted(set(told) | set(made)):
    if told[key] != made.get(key, 0):
        print(*key, "told", told[key], "made", made.get(key, 0))
sys.exit(told != made)
END
}
for _ in 1 2 3 4 5 6 7 8; do
    once || exit 1
done
