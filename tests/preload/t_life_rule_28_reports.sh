#!/bin/bash
# Only processes that did something report: not the children of posix_spawn, vfork, system, popen, nor one that was forked
# and ended; one that was forked and locked blocks of its own does, with its own numbers (rules 28 and 36).
set -u
fail() { echo "$1" && exit 1; }
export AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes

AUTOPIN_REPORT=$TMP/s.%p.json LD_PRELOAD=$LIB "$BUILD/tests/t_life_rule_28_spawn" >"$TMP/out" 2>&1 || fail "$(cat "$TMP/out")"
set -- "$TMP"/s.*.json
[ $# -eq 1 ] || fail "$# reports instead of one: $(grep -h '"\(pid\|cause\)"' "$@")"
grep -q '"cause": "exit"' "$1" || fail "the parent's report: $(grep cause "$1")"
[ "$(cat "$TMP/out")" = "done" ] || fail "it said: $(cat "$TMP/out")"

# The child's locks are its own: what the report says is locked is what the kernel says is.
AUTOPIN_REPORT=$TMP/f.%p.json LD_PRELOAD=$LIB "$BUILD/tests/t_life_rule_28_fork" locked 3 >"$TMP/out" 2>&1 || fail "$(cat "$TMP/out")"
set -- "$TMP"/f.*.json
[ $# -gt 5 ] || fail "$# reports of a process with a dozen children that work"
for report; do
    python3 - "$report" <<'END' || fail "$report: locked_bytes and VmLck differ"
import json, sys
report = json.load(open(sys.argv[1]))
lck, locked = report["pinned"]["vm_lck_bytes"], report["totals"]["locked_bytes"]
name = f'f.{report["process"]["pid"]}.json'
if lck != locked or not sys.argv[1].endswith("/" + name):
    print(sys.argv[1], "VmLck", lck, "locked_bytes", locked)
    sys.exit(1)
END
done
