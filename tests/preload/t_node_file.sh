#!/bin/bash
# The file behind max_pinned_node: where it is, who may use it, and that nothing in it harms a process: at worst nothing is
# pinned, and the report says so.
# timeout 120
set -u
fail() { echo "$1" && exit 1; }

# With a /dev/shm of its own where that may be, so that the second place can be looked at as well.
if [ "${1:-}" != alone ] && unshare -m --propagation private true 2>/dev/null; then
    exec unshare -m --propagation private bash -c 'mount -t tmpfs none /dev/shm && exec "$0" alone' "$0"
fi
alone=${1:-}
export AUTOPIN_RECORD=no XDG_RUNTIME_DIR=$TMP AUTOPIN_BACKEND=mlock AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes AUTOPIN_MAX_PINNED_NODE=20M
folder=$TMP/autopin second=/dev/shm/autopin-$(id -u)

# run: a program that pins 8 MiB, with its report
run() { AUTOPIN_REPORT=$TMP/r.json LD_PRELOAD=$LIB "$BUILD/bench/mlock_loop" 8 10 5 >"$TMP/out" 2>"$TMP/err" || fail "exit $?: $(cat "$TMP/out" "$TMP/err")"; }
# says KEY...: the numbers of the report
says() {
    /usr/bin/python3 -c 'import json, sys
r = json.load(open(sys.argv[1]))
known = {"peak": r["pinned"]["peak_bytes"], "node": r["pinned"]["node_bytes"], "cap": r["pinned"]["node_cap_bytes"], "refused": r["refused"].get("node_cap", 0)}
print(*(known[key] for key in sys.argv[2:]))' "$TMP/r.json" "$@"
}

run
read -r peak node cap refused <<<"$(says peak node cap refused)"
[ "$peak" -ge $((8 << 20)) ] && [ "$node" = "$peak" ] && [ "$cap" = $((20 << 20)) ] && [ "$refused" = 0 ] || fail "pinned $peak, node $node of $cap, $refused refused"
file=$(echo "$folder"/node-1.*)
[ "$(stat -c '%a %s' "$folder" "$file" | tr '\n' ' ')" = "700 $(stat -c %s "$folder") 600 16384 " ] || fail "$(stat -c '%n %a %s' "$folder" "$file")"
[ ! -e "$second" ] || [ -z "$alone" ] || fail "both places are used"

# enter PID START: 16 MiB in a slot of that process
enter() {
    /usr/bin/python3 -c 'import struct, sys
pid, start = map(int, sys.argv[1:])
sys.stdout.buffer.write(struct.pack("<QQ", start << 22 | pid, 16 << 20))' "$1" "$2" | dd of="$file" bs=16 seek=5 conv=notrunc status=none
}

# What one that lives has is not to be had; what is there of another that had its pid is.
start=$(cut -d ' ' -f 22 /proc/$$/stat)
enter $$ "$start"
run
[ "$(says peak)" = 0 ] && [ "$(says refused)" -gt 0 ] || fail "beside 16 of 20 MiB: $(says peak refused)"
enter $$ "$((start - 1))"
run
[ "$(says peak)" -ge $((8 << 20)) ] || fail "the dead still hold it: $(says peak refused)"

# Where somebody does not know when he was started, or nobody can tell who lives but by asking for a signal: there is no /proc.
enter $$ 0
run
[ "$(says peak)" = 0 ] || fail "beside one that lives, of unknown age: $(says peak refused)"
true &
gone=$!
wait "$gone"
enter "$gone" 0
run
[ "$(says peak)" -ge $((8 << 20)) ] || fail "one of unknown age that is dead still holds it: $(says peak refused)"
blind() { SCRIPTED=$TMP SCRIPTED_PROC=1 AUTOPIN_MAX_PINNED=64M LIB="$LIB $BUILD/tests/plugin_scripted_memory.so" run; }
enter $$ "$start"
blind
[ "$(says peak)" = 0 ] && [ "$(says refused)" -gt 0 ] || fail "without /proc, beside one that lives: $(says peak refused)"
enter "$gone" "$start"
blind
[ "$(says peak)" -ge $((8 << 20)) ] || fail "without /proc, the dead still hold it: $(says peak refused)"

# Any bytes, also while it runs.
for ((i = 0; i < 40; i++)); do
    head -c 16384 /dev/urandom >"$file"
    run
    [ "$(says peak)" -le $((20 << 20)) ] || fail "random bytes: $(says peak)"
done
while [ ! -e "$TMP/enough" ]; do head -c 16384 /dev/urandom | dd of="$file" conv=notrunc status=none; done &
writer=$!
for ((i = 0; i < 20; i++)); do run; done
touch "$TMP/enough" && wait $writer # not killed: what it has begun would go on
head -c 16384 /dev/zero | dd of="$file" conv=notrunc status=none
run
[ "$(says peak)" -ge $((8 << 20)) ] || fail "a clean table does not help: $(says peak refused)"

# What is not ours alone is not used; then the second place is.
if [ -n "$alone" ]; then
    spoil() { # spoil WHAT COMMAND...: afterwards the first place is not used, and what was put there is untouched
        local what=$1
        shift
        rm -rf "$folder" "$second" "$TMP/elsewhere" && mkdir -m 700 "$folder" "$TMP/elsewhere" && "$@"
        run
        [ "$(says peak)" -ge $((8 << 20)) ] && [ -s "$second/${file##*/}" ] || fail "$what: $(says peak) $(ls -lR "$second")"
        [ -z "$(ls -A "$TMP/elsewhere")" ] || [ "$what" = 'two names' ] || fail "$what: followed"
        rm -rf "$second"
    }
    spoil 'open to others' chmod 755 "$folder"
    spoil 'another size' dd if=/dev/zero of="$file" bs=100 count=1 status=none
    spoil 'a link' ln -s "$TMP/elsewhere/file" "$file"
    spoil 'a pipe' mkfifo -m 600 "$file"
    spoil 'two names' bash -c "head -c 16384 /dev/zero >'$TMP/elsewhere/a' && chmod 600 '$TMP/elsewhere/a' && ln '$TMP/elsewhere/a' '$file'"
    rmdir "$folder" 2>/dev/null || rm -rf "$folder"
    ln -s "$TMP/elsewhere" "$folder"
    run
    [ -s "$second/${file##*/}" ] || fail "a linked folder was used"
    rm -rf "$second" && ln -s "$TMP/elsewhere" "$second"
    run
    [ "$(says peak)" = 0 ] && [ "$(says refused)" -gt 0 ] && grep -q 'max_pinned_node: nothing is pinned' "$TMP/err" ||
        fail "no place: $(says peak refused) $(cat "$TMP/err")"
    rm -f "$second" "$folder"
fi

# A limit on the size of files brings a signal to those that pass it.
rm -rf "$folder"
said=$( (ulimit -f 8 && AUTOPIN_REPORT=text LD_PRELOAD=$LIB "$BUILD/bench/mlock_loop" 8 10 5 2>&1) | cat) || fail "with ulimit -f: $said"
[[ $said == *"nothing is pinned"*"(node_cap)"* ]] || fail "with ulimit -f: $said"
echo "${alone:-one place only: no mount namespace}"
exit 0
