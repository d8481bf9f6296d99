#!/bin/sh
# Rules 6 and 37: preloading into /bin/true makes the system calls an empty shared object makes and no others: no file
# opened, no thread, no reservation.  Mapping calls may differ by the library's own segments.  And hardly a page fault more: what
# every process needs of the library lies together.
set -eu
command -v strace >/dev/null || { echo "strace is not installed" && exit 77; }
strace -o /dev/null /bin/true 2>/dev/null || { echo "strace may not trace here" && exit 77; }

trace() { # trace NAME PRELOAD
    strace -f -s 256 -o "$TMP/$1" -E "LD_PRELOAD=$2" /bin/true
    # Name the preload the same in both, drop addresses, and count each system call but the loader's mapping of segments.
    sed -nE 's/^[0-9]+ +([a-z0-9_]+)\(.*/\1/p' "$TMP/$1" | grep -vxE 'mmap|mprotect|execve' | sort | uniq -c >"$TMP/$1.calls"
    grep -E '(open|openat|access|readlink|statx?|newfstatat)\(' "$TMP/$1" | grep -oE '"[^"]*"' | sed "s,\"$2\",PRELOAD," \
        >"$TMP/$1.files"
    grep -cE '(mmap|mprotect)\(' "$TMP/$1" >"$TMP/$1.maps"
    grep -c 'PROT_NONE' "$TMP/$1" >"$TMP/$1.reserved" || true
    grep -cE ' (clone3?|v?fork)\(' "$TMP/$1" >"$TMP/$1.threads" || true
}
trace empty "$BUILD/bench/empty.so"
trace library "$LIB"

status=0
for what in calls files reserved threads; do
    if ! diff "$TMP/empty.$what" "$TMP/library.$what" >"$TMP/diff"; then
        echo "preloading the library changes the $what of /bin/true (< empty object, > libautopin.so):"
        cat "$TMP/diff"
        status=1
    fi
done
more=$(($(cat "$TMP/library.maps") - $(cat "$TMP/empty.maps")))
[ "$more" -le 3 ] || { echo "$more mapping calls more than an empty object" && status=1; }

least_faults() { # least_faults PRELOAD: of 20 runs; the kernel has page tables to make here and there
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do "$BUILD/bench/measure" "$1" /bin/true; done |
        cut -d ' ' -f 4 | sort -n | head -n 1
}
more=$(($(least_faults "$LIB") - $(least_faults "$BUILD/bench/empty.so")))
echo "$more page faults more than an empty object"
[ "$more" -le 3 ] || status=1
exit "$status"
