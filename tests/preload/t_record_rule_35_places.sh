#!/bin/bash
# rule 35: where no record can be kept, or none is safe to keep, the program runs on as it would have, with one note in its
# report, and nothing is written through what lies in the way.  A limit on files ends nobody, nor does a full file system,
# early or late.
# timeout 120
set -u
# In a /dev/shm of its own where that may be: others of this user may have records there.
if [ "${1:-}" != alone ] && unshare -m --propagation private true 2>/dev/null; then
    exec unshare -m --propagation private bash -c 'mount -t tmpfs none /dev/shm && exec "$0" alone' "$0"
fi
work=$BUILD/tests/t_record_work
runtime=$(mktemp -d -p /dev/shm) || { echo 'there is no /dev/shm' && exit 77; }
mounted=
# shellcheck disable=SC2317 # by the trap
undo() {
    [ -z "$mounted" ] || umount "$mounted"
    rm -rf "$runtime"
}
trap undo EXIT
failed=0
wrong() { echo "$1" && failed=1; }
export XDG_RUNTIME_DIR=$runtime AUTOPIN_REPORT=text AUTOPIN_REPORT_EMPTY=yes

# Everything there, but for times.
found() { find "$1" -printf '%p %m %U %s %l\n' | sort; }
# The records of this test that are in either place.
records() { grep -rl "$TMP/counts" "$runtime" "/dev/shm/autopin-$(id -u)" 2>/dev/null; }

# run WHAT NOTES [COMMAND...]: the program ends well, with so many notes in its report, and leaves nothing behind
run() {
    local what=$1 notes=$2 before status
    shift 2
    before=$(records)
    rm -f "$TMP/counts"
    "$@" env LD_PRELOAD="$LIB" "$work" normal "$TMP/counts" 2>"$TMP/err"
    status=$?
    [ $status -eq 0 ] || wrong "$what: exit $status: $(tail -n 3 "$TMP/err")"
    grep -q '^autopin: t_record_work .* ended by exit' "$TMP/err" || wrong "$what: no report"
    [ "$(grep -c 'could not be kept in a file' "$TMP/err")" -eq "$notes" ] || wrong "$what: $(cat "$TMP/err")"
    [ "$(records)" = "$before" ] || wrong "$what: a record is left: $(records)"
}

# The second place is used when the first will not do; it is taken away here with the first.
mkdir "$runtime/autopin" "$runtime/elsewhere"
chmod 700 "$runtime/autopin" "$runtime/elsewhere"
run 'all is well' 0

# keeps_out WHAT: autopin stays out of $runtime/autopin as it is now, and uses the other place or none
keeps_out() {
    local before
    before=$(found "$runtime")
    rm -f "$TMP/counts"
    LD_PRELOAD=$LIB "$work" segv "$TMP/counts" 2>/dev/null
    [ "$(found "$runtime")" = "$before" ] || wrong "$1: $(found "$runtime")"
    # What it has left is in the other place, under that process's number; it is this test's to remove.
    records | xargs -r rm
}
chmod 770 "$runtime/autopin"
keeps_out 'a directory that a group may write to'
rmdir "$runtime/autopin"
ln -s elsewhere "$runtime/autopin"
keeps_out 'a symbolic link in its place'
rm "$runtime/autopin"
touch "$runtime/autopin"
keeps_out 'a file in its place'
rm "$runtime/autopin"
if [ "$(id -u)" -eq 0 ]; then
    mkdir -m 700 "$runtime/autopin"
    chown 12345 "$runtime/autopin"
    keeps_out "a directory of somebody else's"
    rm -r "$runtime/autopin"
fi
XDG_RUNTIME_DIR=/proc/no/such keeps_out 'no such directory'

# What is not memory is no place for it.
XDG_RUNTIME_DIR=$TMP keeps_out 'a disk'
[ ! -e "$TMP/autopin" ] || [ "$(stat -f -c %T "$TMP")" = tmpfs ] || wrong "on a disk: $(found "$TMP/autopin")"

# A limit on the size of files, which would end the program by a signal.
run 'a limit of 8 KiB on files' 1 bash -c 'ulimit -f 8; exec "$@"' -
# … and one that is reached as the record grows.
rm -f "$TMP/counts"
(ulimit -f 100 && LD_PRELOAD=$LIB exec "$work" threads "$TMP/counts") 2>/dev/null
[ $? -eq 139 ] || wrong 'a limit reached later: not the end that was meant'
record=$(find "$runtime/autopin" -type f)
[ "$(stat -c %s "$record")" -le 102400 ] || wrong 'longer than the limit'
"$BUILD/autopin" report "$record" | grep -q 'not everything that was counted had room' || wrong 'a record that lacks something does not say so'
removed=$("$BUILD/autopin" report --clean) # and perhaps others' in the other place
[[ $removed =~ ^[1-9][0-9]*\ removed$ ]] && [ ! -e "$record" ] || wrong "what is left behind is not removed: $removed"

# A file system without room, at the start and later.
mkdir "$runtime/small"
if mount -t tmpfs -o size=12k,mode=700 tmpfs "$runtime/small" 2>/dev/null; then
    mounted=$runtime/small
    XDG_RUNTIME_DIR=$mounted run 'a full file system' 0
    rm -rf "$mounted/autopin"
    # … and one that others have filled by half: the rest is theirs.
    mount -o remount,size=128k "$mounted"
    mkdir -m 700 "$mounted/autopin"
    head -c 68K /dev/zero >"$mounted/others"
    XDG_RUNTIME_DIR=$mounted keeps_out 'a file system that is half full'
    rm -rf "$mounted/autopin" "$mounted/others"
    head -c 68K /dev/zero >"$mounted/others"
    XDG_RUNTIME_DIR=$mounted keeps_out 'a file system that is half full, without a directory'
    rm "$mounted/others"
    # Half of it is enough for the beginning, and the rest is not enough for what comes then.
    mount -o remount,size=64k "$mounted"
    rm -f "$TMP/counts"
    XDG_RUNTIME_DIR=$mounted LD_PRELOAD=$LIB "$work" threads "$TMP/counts" 2>/dev/null
    [ $? -eq 139 ] || wrong 'a file system full later: not the end that was meant'
    "$BUILD/autopin" report "$mounted"/autopin/* | grep -q 'not everything' || wrong 'full later: does not say so'
    rm -rf "$mounted/autopin"
    mount -o remount,ro "$mounted"
    XDG_RUNTIME_DIR=$mounted run 'a file system that cannot be written to' 0
    mount -o remount,rw "$mounted"
else
    echo 'no file system of a given size could be mounted: that part was left out'
fi
exit $failed
