#!/bin/bash
# The reader of records, built with sanitizers, makes a report or says one sentence about any file: VARIANTS damaged
# records, and things that are none.
# timeout 600
set -u
VARIANTS=${VARIANTS:-400} # make fuzz tries more
XDG_RUNTIME_DIR=$(mktemp -d -p /dev/shm) || { echo 'there is no /dev/shm' && exit 77; }
export XDG_RUNTIME_DIR ASAN_OPTIONS=exitcode=99:detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:exitcode=99
trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL
reader=$(realpath --relative-to=. "$BUILD")/asan/autopin # as make names it elsewhere, or it would not know what is old
make --no-print-directory -s -j "$(nproc)" BUILD="${reader%/*}" CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all' \
    "$reader" >"$TMP/err" 2>&1 || { tail -n 5 "$TMP/err" && exit 1; }
"${CC:-gcc}" -std=gnu11 -O2 -I. -o "$TMP/corrupt" tests/preload/record_corrupt.c || exit 1

# said FILE...: what the reader makes of it is a report (0) or one sentence (1), nothing else
said() {
    local status
    "$reader" report "$@" >"$TMP/out" 2>"$TMP/err"
    status=$?
    case $status in
    0) [ ! -s "$TMP/err" ] && return 0 ;;
    1) [ "$(wc -l <"$TMP/err")" -eq 1 ] && grep -qE '^autopin report: .*: .' "$TMP/err" && return 1 ;;
    esac
    echo "exit $status of $*: $(head -n 12 "$TMP/err")"
    exit 1
}

AUTOPIN_PROMOTE=always AUTOPIN_BACKEND=mlock LD_PRELOAD=$LIB "$BUILD/tests/t_record_work" threads "$TMP/counts" 2>/dev/null
record=$(find "$XDG_RUNTIME_DIR" -type f)
cp "$record" "$TMP/good"
said --json "$TMP/good" || { cat "$TMP/err" && exit 1; }
/usr/bin/python3 -m json.tool <"$TMP/out" >/dev/null || exit 1

reports=0
for ((seed = 1; seed <= VARIANTS; seed++)); do
    "$TMP/corrupt" "$TMP/good" "$TMP/bad" $seed || exit 1
    if ((seed % 2)); then said "$TMP/bad"; else said "$TMP/bad" --json; fi && reports=$((reports + 1))
done
echo "$VARIANTS variants: $reports reports, $((VARIANTS - reports)) sentences"
[ $reports -gt $((VARIANTS / 20)) ] && [ $reports -lt $((VARIANTS * 19 / 20)) ] || exit 1

# What is no record at all, and one that comes through a pipe.
: >"$TMP/empty"
printf 'autopin\0' >"$TMP/short"
printf 'autopin' >"$TMP/word"
for other in empty short word no-such . ../../../../../../../../dev/zero ../../../../../../../../bin/true; do
    said "$TMP/$other" && { echo "a report of $other" && exit 1; }
done
said /dev/stdin < <(cat "$TMP/good") || { cat "$TMP/err" && exit 1; }
(cat "$TMP/good" && head -c 200000000 /dev/zero) >"$TMP/long"
said "$TMP/long" && { echo 'a report of 200 MB' && exit 1; }
exit 0
