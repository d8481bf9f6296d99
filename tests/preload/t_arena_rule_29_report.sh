#!/bin/bash
# The report's locked bytes are the kernel's VmLck; with a low RLIMIT_MEMLOCK the program's result is the same, the locks stay
# below the limit, and the report says why (rule 29).
set -u
fail() { echo "$1" && exit 1; }
number() { sed -n "s/^ *\"$1\": \([0-9]*\),\{0,1\}$/\1/p" "$2"; }

# same_locked REPORT: the report's own count against the kernel's
same_locked() {
    local lck locked
    lck=$(number vm_lck_bytes "$1")
    locked=$(number locked_bytes "$1")
    [ -n "$lck" ] && [ "$lck" = "$locked" ] || fail "locked_bytes $locked, but VmLck $lck"
    echo "$locked"
}

export AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes AUTOPIN_BACKEND=mlock
AUTOPIN_REPORT=$TMP/all.json LD_PRELOAD=$LIB "$BUILD/tests/t_arena_rule_29_locked" >"$TMP/out" || fail "$(cat "$TMP/out")"
locked=$(same_locked "$TMP/all.json") || fail "$locked"
[ "VmLck $locked" = "$(cat "$TMP/out")" ] || fail "report: $locked; program: $(cat "$TMP/out")"

[ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null || { echo "only root can become somebody unprivileged" && exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 777 "$work"
cp "$LIB" "$BUILD/tests/t_arena_limited" "$work/"
chmod 755 "$work"/*
[ "$("$BUILD/tests/t_arena_limited")" = "sum 40960" ] || fail "another sum without autopin"
for limit in 0 64 5000 8192; do
    rm -f "$work/low.json"
    (ulimit -l $limit && AUTOPIN_REPORT=$work/low.json LD_PRELOAD=$work/libautopin.so \
        setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all "$work/t_arena_limited" $((limit * 1024))) \
        >"$TMP/out" 2>&1 || fail "limit $limit KiB: $(cat "$TMP/out")"
    grep -qx 'sum 40960' "$TMP/out" || fail "limit $limit KiB: the result is $(cat "$TMP/out")"
    locked=$(same_locked "$work/low.json") || fail "limit $limit KiB: $locked"
    [ "$locked" -le $((limit * 1024)) ] || fail "limit $limit KiB: $locked bytes are locked"
    [ $limit -lt 5000 ] || [ "$locked" -gt 0 ] || fail "limit $limit KiB: nothing is locked"
    grep -q 'limit on locked memory' "$work/low.json" || fail "limit $limit KiB: no note: $(grep -A3 notes "$work/low.json")"
done
