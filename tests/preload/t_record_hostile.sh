#!/bin/bash
# The reader of records, built with sanitizers, makes a report or says one sentence about any file: VARIANTS damaged
# records, and things that are none.
# timeout 280
set -u
VARIANTS=${VARIANTS:-1500}
XDG_RUNTIME_DIR=$(mktemp -d -p /dev/shm) || { echo 'there is no /dev/shm' && exit 77; }
export XDG_RUNTIME_DIR ASAN_OPTIONS=exitcode=99:detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:exitcode=99
trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
reader=$TMP/autopin-record
"${CC:-gcc}" -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -I. -o "$reader" scripts/command/record_*.c \
    scripts/command/prim.c policy/*.c "$("${CC:-gcc}" -print-file-name=libinih.a)" 2>"$TMP/err" ||
    { tail -n 1 "$TMP/err" && exit 77; }
"${CC:-gcc}" -std=gnu11 -O2 -I. -o "$TMP/corrupt" tests/preload/record_corrupt.c || exit 1

# said FILE...: what the reader makes of it is a report (0) or one sentence (1), nothing else
said() {
    local status
    "$reader" "$@" >"$TMP/out" 2>"$TMP/err"
    status=$?
    case $status in
    0) [ ! -s "$TMP/err" ] && return 0 ;;
    1) [ "$(wc -l <"$TMP/err")" -eq 1 ] && grep -qE '^autopin-record: .*: .' "$TMP/err" && return 1 ;;
    esac
    echo "exit $status of $*: $(head -n 12 "$TMP/err")"
    exit 1
}

AUTOPIN_PROMOTE=always AUTOPIN_BACKEND=mlock LD_PRELOAD=$LIB "$BUILD/tests/t_record_work" threads "$TMP/counts" 2>/dev/null
record=$(find "$XDG_RUNTIME_DIR" -type f)
cp "$record" "$TMP/good"
said "$TMP/good" || { cat "$TMP/err" && exit 1; }
/usr/bin/python3 -m json.tool <"$TMP/out" >/dev/null || exit 1

reports=0
for ((seed = 1; seed <= VARIANTS; seed++)); do
    "$TMP/corrupt" "$TMP/good" "$TMP/bad" $seed || exit 1
    if ((seed % 2)); then said "$TMP/bad"; else said "$TMP/bad" --text; fi && reports=$((reports + 1))
done
echo "$VARIANTS variants: $reports reports, $((VARIANTS - reports)) sentences"
[ $reports -gt $((VARIANTS / 20)) ] && [ $reports -lt $((VARIANTS * 19 / 20)) ] || exit 1

# What is no record at all, and what is not this user's.
ln -s good "$TMP/link"
mkfifo "$TMP/pipe"
: >"$TMP/empty"
for other in link pipe empty no-such . ../../../../../../../../dev/zero ../../../../../../../../bin/true; do
    said "$TMP/$other" && { echo "a report of $other" && exit 1; }
done
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$TMP" "$TMP/.." "$reader" 2>/dev/null
    chmod 644 "$TMP/good"
    setpriv --reuid 12345 --regid 12345 --clear-groups "$reader" "$TMP/good" 2>"$TMP/err" >"$TMP/out"
    [ $? -eq 1 ] && grep -q "another user's" "$TMP/err" || { cat "$TMP/err" && exit 1; }
fi
exit 0
