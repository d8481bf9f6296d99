#!/bin/bash
# `autopin run` becomes the program, with the library preloaded, the configuration and the report as asked; what stands in the
# way is one sentence with env's exit status.
set -u
autopin=$BUILD/autopin
end=$BUILD/tests/t_life_end
failed=0
wrong() { echo "$1" && failed=1; }

# refused STATUS PATTERN ARGUMENTS...: nothing is run, one sentence says why
refused() {
    local expected=$1 pattern=$2 status
    shift 2
    timeout 20 "$autopin" run "$@" >"$TMP/out" 2>"$TMP/err"
    status=$?
    [ $status -eq "$expected" ] || wrong "$*: status $status instead of $expected"
    [ ! -s "$TMP/out" ] || wrong "$*: stdout: $(head -c 300 "$TMP/out")"
    [ "$(grep -c '' "$TMP/err")" -eq 1 ] && grep -Eq "^autopin run: .*$pattern" "$TMP/err" ||
        wrong "$*: /$pattern/ is not what was said: $(head -c 600 "$TMP/err")"
}

# The program is the same process, and what it leaves behind is its own.
[ "$("$autopin" run -- /bin/sh -c 'echo $$; exit 7' & echo $! >"$TMP/pid"; wait $!; echo $?)" = "$(cat "$TMP/pid")
7" ] || wrong 'status 7 of the same process'
"$autopin" run -- /bin/sh -c 'kill -TERM $$' 2>/dev/null
[ $? -eq 143 ] || wrong 'the signal is not the program'"'"'s'
[ "$(LD_PRELOAD='' "$autopin" run /bin/sh -c 'echo "$LD_PRELOAD"')" = "$LIB" ] || wrong 'LD_PRELOAD'
[ "$(LD_PRELOAD=libm.so.6 "$autopin" run -- /bin/sh -c 'echo "$LD_PRELOAD"')" = "$LIB:libm.so.6" ] || wrong 'LD_PRELOAD kept'
[ "$("$autopin" run -- /bin/echo --option -c -h)" = '--option -c -h' ] || wrong 'the arguments of the program'
[ "$("$autopin" run sh -c 'echo $0' zero)" = zero ] || wrong 'by PATH'
printf '#!/bin/sh\necho script $1\n' >"$TMP/script" && chmod 755 "$TMP/script"
[ "$("$autopin" run "$TMP/script" one)" = 'script one' ] || wrong 'a script'
printf 'echo without $1\n' >"$TMP/headless" && chmod 755 "$TMP/headless"
[ "$("$autopin" run "$TMP/headless" one)" = 'without one' ] || wrong 'a script without a heading'
[ "$(cd "$TMP" && PATH=: "$autopin" run script two)" = 'script two' ] || wrong 'an empty part of PATH is here'

# The configuration and the report: where the program goes meanwhile does not matter.
printf '[promotion]\npromote = always\npin_wait = yes\n' >"$TMP/my.conf"
cd "$TMP" || exit 1
"$autopin" run -c my.conf -o r.json --option backend=mlock -O MIN_SIZE=2M -- /bin/sh -c "cd / && exec $end exit" >"$TMP/out" 2>"$TMP/err"
[ $? -eq 3 ] && [ "$(cat "$TMP/out")" = 'main ends' ] && [ ! -s "$TMP/err" ] || wrong "t_life_end: $(cat "$TMP/err")"
grep -q "\"config_file\": \"$TMP/my.conf\"" r.json || wrong "-c: $(grep config_file r.json)"
grep -q '"name": "mlock"' r.json || wrong "--option: $(grep -A2 backend r.json)"
[ "$("$autopin" run -o off -O backend=none -- /bin/sh -c 'echo $AUTOPIN_REPORT $AUTOPIN_BACKEND')" = 'off none' ] || wrong 'variables'
"$autopin" run -o text -c my.conf -- "$end" exit 2>&1 >/dev/null | grep -q '^autopin: t_life_end .* ended by exit' || wrong '-o text'

refused 125 'there is no program'
refused 125 '--confg, perhaps --config' --confg x true
refused 125 '-c needs a value' -c
refused 125 "no option 'max_pined' of autopin; did you mean max_pinned" --option max_pined=3 true
refused 125 "no option 'colour' of autopin; autopin config" --option colour=3 true
refused 125 'max_pinned = .lots. .*expected a size' --option max_pinned=lots true
refused 125 'min_size = .1. .*from 64K' --option min_size=1 true
refused 125 'NAME=VALUE' --option min_size true
refused 125 'none.conf cannot be read: No such file' -c "$TMP/none.conf" true
refused 125 'is a folder' -c "$TMP" true
refused 125 'no report can be written in .*/none/: No such file' -o "$TMP/none/r.json" true
refused 125 'is a folder, expected a file' -o "$TMP" true
refused 127 "'no-such-program' was not found in PATH" no-such-program
refused 127 'not found: No such file' "$TMP/no-such-program"
refused 127 "'' was not found" ''
refused 126 'no executable file' "$TMP/my.conf"
refused 126 'no executable file' "$TMP"
printf '#!%s/nothing -x\n' "$TMP" >"$TMP/broken" && chmod 755 "$TMP/broken"
refused 126 'its interpreter .*/nothing is missing' "$TMP/broken"

echo 'int main(void) { return 0; }' >"$TMP/p.c"
gcc -static -o "$TMP/static" "$TMP/p.c" && refused 126 'static is statically linked' "$TMP/static"
gcc -static-pie -o "$TMP/static" "$TMP/p.c" && refused 126 'static is statically linked' "$TMP/static"
printf '#! %s\n' "$TMP/static" >"$TMP/by-static" && chmod 755 "$TMP/by-static"
refused 126 'static is statically linked' "$TMP/by-static"
python3 - /bin/true "$TMP" <<'END'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
def write(name, at, value):
    changed = data[:]
    changed[at:at + len(value)] = value
    open(f"{sys.argv[2]}/{name}", "wb").write(changed)
write("narrow", 4, b"\1")
write("foreign", 18, b"\xf3\0")
open(f"{sys.argv[2]}/short", "wb").write(data[:40])
END
chmod 755 "$TMP/narrow" "$TMP/foreign" "$TMP/short"
refused 126 'narrow is a 32-bit program' "$TMP/narrow"
refused 126 'foreign is for another kind of processor' "$TMP/foreign"
refused 126 'short .*cut short' "$TMP/short"
if [ "$(id -u)" -eq 0 ] && ! findmnt -no OPTIONS -T "$TMP" 2>/dev/null | grep -qw nosuid; then
    cp /bin/true "$TMP/raised"
    chown 65534:65534 "$TMP/raised"
    chmod 4755 "$TMP/raised" && refused 126 'raised is set-uid: LD_PRELOAD is ignored' "$TMP/raised"
    chmod 2755 "$TMP/raised" && refused 126 'raised is set-gid: LD_PRELOAD is ignored' "$TMP/raised"
    chown 0:0 "$TMP/raised" && chmod 4755 "$TMP/raised"
    "$autopin" run "$TMP/raised" || wrong 'set-uid root, as root, gains nothing'
fi

# Where the library is.
mkdir -p tree/bin tree/lib "tree/lib/x86_64-linux-gnu" 'odd name'
cp "$autopin" tree/bin/
autopin=$TMP/tree/bin/autopin
refused 125 'libautopin.so is missing' true
for place in bin lib lib/x86_64-linux-gnu; do
    cp "$LIB" "tree/$place/"
    [ "$(LD_PRELOAD='' "$autopin" run sh -c 'echo $LD_PRELOAD')" = "$TMP/tree/$place/libautopin.so" ] || wrong "found in $place"
    rm "tree/$place/libautopin.so"
done
[ "$(AUTOPIN_LIBRARY=$LIB "$autopin" run sh -c 'echo $LD_PRELOAD')" = "$LIB" ] || wrong 'AUTOPIN_LIBRARY'
[ -z "$(AUTOPIN_LIBRARY=$LIB "$autopin" run "$end" exit 2>&1 >/dev/null)" ] || wrong 'the library complains about AUTOPIN_LIBRARY'
AUTOPIN_LIBRARY=$TMP/none.so refused 125 'cannot be read: .*none.so: No such file' true
AUTOPIN_LIBRARY=$TMP/my.conf refused 125 'my.conf is no shared library' true
cp "$LIB" 'odd name/'
AUTOPIN_LIBRARY="$TMP/odd name/libautopin.so" refused 125 'a blank' true
exit $failed
