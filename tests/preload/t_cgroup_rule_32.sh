#!/bin/bash
# rule 32: max_pinned in percent is of what the process's cgroup may use, and nothing is locked when the group is nearly full.
set -u
own=$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)
if [ -n "$own" ]; then
    group=/sys/fs/cgroup/memory${own%/}/autopin-test-$$ limit=memory.limit_in_bytes
else
    own=$(sed -n 's/^0:://p' /proc/self/cgroup)
    group=/sys/fs/cgroup${own%/}/autopin-test-$$ limit=memory.max
fi
mkdir "$group" 2>/dev/null || { echo 'no cgroup can be made here' && exit 77; }
trap 'rmdir "$group"' EXIT
echo $((400 << 20)) 2>/dev/null >"$group/$limit" || { echo 'no memory limit can be set here' && exit 77; }

inside() { # inside SETTINGS...: the loop of 64 MiB blocks within the group; its report in JSON
    (echo 0 >"$group/cgroup.procs" && exec env AUTOPIN_BACKEND=mlock AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes AUTOPIN_REPORT="$TMP/r.json" AUTOPIN_REPORT_EMPTY=yes \
        "$@" LD_PRELOAD="$LIB" "$BUILD/bench/mlock_loop" 64 20 5 >/dev/null) || exit 1
}
field() { /usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["pinned"][sys.argv[2]])' "$TMP/r.json" "$1"; }

inside AUTOPIN_MAX_PINNED=25%
[ "$(field cap_bytes)" -eq $((100 << 20)) ] || { echo "25% of 400 MiB came out as $(field cap_bytes)" && exit 1; }
[ "$(field peak_bytes)" -gt 0 ] || { echo 'nothing was locked although there was room' && exit 1; }
inside AUTOPIN_MIN_FREE=380M
[ "$(field peak_bytes)" -eq 0 ] || { echo "$(field peak_bytes) bytes were locked in a group that had too little left" && exit 1; }
