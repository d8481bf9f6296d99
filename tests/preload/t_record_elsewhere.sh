#!/bin/bash
# Of a record of another PID namespace nobody can tell whether its process lives: it is shown as such, from outside a
# container and from within, and never removed; those of one's own are judged as ever.
# timeout 120
set -u
# In a /dev/shm of its own where that may be: others of this user may have records there.
if [ "${1:-}" != alone ] && unshare -m --propagation private true 2>/dev/null; then
    exec unshare -m --propagation private bash -c 'mount -t tmpfs none /dev/shm && exec "$0" alone' "$0"
fi
apart=(unshare -pf --mount-proc --kill-child)
"${apart[@]}" true 2>/dev/null || apart=(unshare -Urpf --mount-proc --kill-child)
"${apart[@]}" true 2>/dev/null || { echo 'no PID namespace can be made' && exit 77; }
XDG_RUNTIME_DIR=$(mktemp -d -p /dev/shm) || { echo 'there is no /dev/shm' && exit 77; }
export XDG_RUNTIME_DIR AUTOPIN_REPORT=off
container=
# shellcheck disable=SC2317 # by the trap
undo() {
    [ -z "$container" ] || { kill -9 "$container" && wait "$container"; } 2>/dev/null
    rm -rf "$XDG_RUNTIME_DIR"
}
trap undo EXIT
folder=$XDG_RUNTIME_DIR/autopin work=$BUILD/tests/t_record_work autopin=$BUILD/autopin
failed=0
wrong() { echo "$1" && failed=1; }
preloaded() { LD_PRELOAD=$LIB exec "$work" "$1" "$TMP/$1"; }
listed() { # listed WHAT LINE...: state and process of the records there are
    local what=$1 text
    shift
    text=$("$autopin" report | awk 'NR > 1 { print $1, $2 }' | sort)
    [ "$text" = "$(printf '%s\n' "$@" | sort)" ] || wrong "$what: $text"
}

# One that dies and leaves a record here, and one that runs in the container, where its number is 1.
(preloaded segv) 2>/dev/null & here=$!
wait "$here" 2>/dev/null
export -f preloaded
export work
"${apart[@]}" bash -c 'readlink /proc/self/ns/pid >"$TMP/namespace"; preloaded loop' & container=$!
for ((i = 0; i < 600; i++)); do
    there=$(find "$folder" -name '1.*')
    [ -z "$there" ] || break
    sleep 0.1
done
[ -n "$there" ] || { echo 'no record in the container' && exit 1; }
inner=$(tr -cd '0-9' <"$TMP/namespace") outer=$(readlink /proc/self/ns/pid | tr -cd '0-9')

# said WHAT PATTERN COMMAND...: the words of the command, which may fail
said() {
    local what=$1 pattern=$2 text
    shift 2
    text=$("$@" 2>&1)
    grep -Eq "$pattern" <<<"$text" || wrong "$what: $text"
}
listed 'both' 'elsewhere 1' "killed $here"
said 'its head' '^autopin: t_record_work \(pid 1\) running or killed after ' "$autopin" report "$there"
said 'its note' 'whether the process still runs cannot be told' "$autopin" report "$there"
said 'as JSON' '"cause": "running or killed"' "$autopin" report "$there" --json
said 'top' 'process 1 is of another PID namespace; autopin report .*/1\.' "$autopin" top 1
said 'top of any' 'no process of yours keeps a record' "$autopin" top

# What an older version left says nothing of it, nor does what was written without /proc: that is judged as before.
killed=$(echo "$folder/$here".*)
number() { od -An -tu8 -j 40 -N 8 "$1" | tr -d ' '; }
[ "$(number "$there") $(number "$killed")" = "$inner $outer" ] || wrong "namespaces: $(number "$there"), $(number "$killed")"
changed() { # changed NAME FORMAT NAMESPACE: the record of the dead one, with these in its head
    /usr/bin/python3 -c 'import struct, sys
text = bytearray(open(sys.argv[1], "rb").read())
struct.pack_into("<I", text, 8, int(sys.argv[3]))
struct.pack_into("<Q", text, 40, int(sys.argv[4]))
open(sys.argv[2], "wb").write(text)' "$killed" "$folder/$1" "$2" "$3"
}
changed "$here.a" 2 "$inner"
changed "$here.b" 2 0
changed "$here.c" 1 "$inner"
listed 'changed ones' 'elsewhere 1' "killed $here" "elsewhere $here" "killed $here" "gone $here"

# Of one that was not finished the name tells it.
for name in ".$here.1" ".$here.1.$outer" ".$here.1.$inner"; do : >"$folder/$name"; done
[ "$("$autopin" report --clean)" = '3 removed' ] || wrong 'not the three of here were removed'
listed 'afterwards' 'elsewhere 1' "elsewhere $here"
rm "$folder/$here.a"
[ "$(find "$folder" -name '.*' -printf '%f ')" = ".$here.1.$inner " ] || wrong "unfinished: $(ls -A "$folder")"

# The library gives it that name.
if command -v strace >/dev/null && strace -o "$TMP/calls" true 2>/dev/null; then
    strace -f -e 'trace=/^rename' -o "$TMP/calls" env LD_PRELOAD="$LIB" "$work" normal "$TMP/normal" 2>/dev/null
    grep -Eq "\"$folder/\.[0-9]+\.[0-9a-f]+\.$outer\", " "$TMP/calls" || wrong "its name: $(cat "$TMP/calls")"
fi

# In a container it is the other way round.
(preloaded loop) & here=$!
for ((i = 0; i < 600; i++)); do
    [ -z "$(find "$folder" -name "$here.*")" ] || break
    sleep 0.1
done
inside=$("${apart[@]}" bash -c '(preloaded segv) 2>/dev/null
    "$0" report | awk "NR > 1 { print \$1 }" | sort | tr "\n" " "
    "$0" report --clean' "$autopin" 2>/dev/null)
[ "$inside" = 'elsewhere elsewhere killed 1 removed' ] || wrong "in another one: $inside"
listed 'at last' 'elsewhere 1' "running $here"
kill -9 "$here"
exit $failed
