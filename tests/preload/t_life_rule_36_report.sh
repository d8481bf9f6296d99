#!/bin/bash
# The report appears once, whichever way a process ends or becomes another; as valid JSON, in a file with the process's
# number; the program's output and status stay the same (rules 36 and 35).
set -u
end=$BUILD/tests/t_life_end
export AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes
failed=0
wrong() { echo "$1" && failed=1; }

# one_way WAY CAUSE
one_way() {
    local plain plain_exit preloaded preloaded_exit reports
    rm -f "$TMP"/r.*
    plain=$("$end" "$1" 2>/dev/null); plain_exit=$?
    preloaded=$(AUTOPIN_REPORT=$TMP/r.%p.json LD_PRELOAD=$LIB "$end" "$1" 2>"$TMP/err"); preloaded_exit=$?
    [ "$plain" = "$preloaded" ] || wrong "$1: stdout '$preloaded' instead of '$plain'"
    [ "$plain_exit" -eq "$preloaded_exit" ] || wrong "$1: status $preloaded_exit instead of $plain_exit"
    [ ! -s "$TMP/err" ] || wrong "$1: stderr: $(head -c 500 "$TMP/err")"
    reports=$(find "$TMP" -name 'r.*' | wc -l)
    [ "$reports" -eq 1 ] || { wrong "$1: $reports files instead of one report"; return; }
    basename "$TMP"/r.* | grep -Eqx 'r\.[0-9]+\.json' || wrong "$1: the file is $(basename "$TMP"/r.*)"
    python3 -m json.tool "$TMP"/r.*.json >/dev/null || wrong "$1: not JSON"
    grep -q "\"cause\": \"$2\"" "$TMP"/r.*.json || wrong "$1: $(grep cause "$TMP"/r.*.json) instead of $2"
    grep -Eq '"large_blocks": ([6-9]|1[0-9])' "$TMP"/r.*.json || wrong "$1: $(grep large_blocks "$TMP"/r.*.json)"

    AUTOPIN_REPORT=text LD_PRELOAD=$LIB "$end" "$1" >/dev/null 2>"$TMP/err"
    reports=$(grep -c '^autopin: .* ended by ' "$TMP/err")
    [ "$reports" -eq 1 ] || wrong "$1: $reports reports on stderr instead of one"
}

one_way return exit
one_way exit exit
one_way atexit exit
one_way _exit _exit
one_way _Exit _Exit
one_way quick_exit quick_exit
one_way abort abort
one_way abort-caught abort
for name in execl execlp execle execv execve execvp execvpe fexecve execveat; do
    one_way $name exec
done

# An exec that fails: the right errno each time, then an end like any other, whose report is the one that stays.
AUTOPIN_REPORT=$TMP/failing.json LD_PRELOAD=$LIB "$end" failing-exec >/dev/null 2>"$TMP/err" ||
    wrong "failing-exec: $(cat "$TMP/err")"
grep -q '"cause": "exit"' "$TMP/failing.json" || wrong "failing-exec: $(grep cause "$TMP/failing.json")"
grep -q '"large_blocks": 12' "$TMP/failing.json" || wrong "failing-exec: $(grep large_blocks "$TMP/failing.json")"

# on_stderr WANTED WAY [ARGUMENT]: so many reports there
on_stderr() {
    local wanted=$1 reports
    shift
    AUTOPIN_REPORT=text LD_PRELOAD=$LIB "$end" "$@" >/dev/null 2>"$TMP/err" || wrong "$*: $(tail -n 5 "$TMP/err")"
    reports=$(grep -c '^autopin: .* ended by ' "$TMP/err")
    [ "$reports" -eq "$wanted" ] || wrong "$*: $reports reports on stderr instead of $wanted: $(grep '^autopin' "$TMP/err")"
}

# What cannot be run is not reported; what could have been is, and again only if more was done since.
on_stderr 1 failing-exec
grep -q 'ended by exit' "$TMP/err" || wrong "failing-exec: $(grep 'ended by' "$TMP/err")"
printf '#!/no/such/interpreter\n' >"$TMP/broken"
chmod 755 "$TMP/broken"
on_stderr 1 late-exec "$TMP/broken"
on_stderr 2 late-exec-work "$TMP/broken"
AUTOPIN_REPORT=$TMP/late.json LD_PRELOAD=$LIB "$end" late-exec "$TMP/broken" >/dev/null 2>"$TMP/err" ||
    wrong "late-exec: $(cat "$TMP/err")"
grep -q '"cause": "exit"' "$TMP/late.json" || wrong "late-exec: $(grep cause "$TMP/late.json")"

# The same where a program walks $PATH by itself.
AUTOPIN_REPORT=text LD_PRELOAD=$LIB PATH=/no/such:/usr/sbin:$PATH \
    /usr/bin/python3 -c 'import os; [len(bytearray(4 << 20)) for _ in range(9)]; os.execvp("true", ["true"])' 2>"$TMP/err" ||
    wrong "python's execvp: $(cat "$TMP/err")"
[ "$(grep -c '^autopin: .* ended by exec' "$TMP/err")" -eq 1 ] || wrong "python's execvp: $(grep '^autopin' "$TMP/err")"

# A process that did nothing says nothing, unless asked.
said=$(LD_PRELOAD=$LIB "$end" exit idle 2>&1 >/dev/null)
[ -z "$said" ] || wrong "an idle process said: $said"
said=$(AUTOPIN_REPORT_EMPTY=no LD_PRELOAD=$LIB "$end" exit idle 2>&1 >/dev/null)
[ -z "$said" ] || wrong "an idle process that was not asked said: $said"
said=$(AUTOPIN_REPORT_EMPTY=yes AUTOPIN_DISABLE=1 LD_PRELOAD=$LIB "$end" exit idle 2>&1 >/dev/null)
[ -z "$said" ] || wrong "a process that autopin stays out of said: $said"
for way in exit _exit quick_exit execv; do
    said=$(AUTOPIN_REPORT_EMPTY=yes LD_PRELOAD=$LIB "$end" $way idle 2>&1 >/dev/null | grep -c '^autopin: t_life_end .* ended by')
    [ "$said" -eq 1 ] || wrong "an idle process that was asked, $way: $said reports"
done
AUTOPIN_REPORT_EMPTY=yes AUTOPIN_REPORT=$TMP/empty.json LD_PRELOAD=$LIB "$end" exit idle >/dev/null 2>&1
grep -q '"large_blocks": 0,' "$TMP/empty.json" || wrong "an idle process: $(head -c 500 "$TMP/empty.json")"

# Of a shell and what it spawns and forks, each reports for itself.
AUTOPIN_REPORT_EMPTY=yes AUTOPIN_REPORT=$TMP/e.%p LD_PRELOAD=$LIB /bin/bash -c '/bin/true; (:); exit 0' >"$TMP/out" 2>&1
[ ! -s "$TMP/out" ] || wrong "a shell and its children: $(head -c 500 "$TMP/out")"
reports=$(find "$TMP" -name 'e.*' | wc -l)
[ "$reports" -eq 3 ] || wrong "a shell and its children: $reports reports"
exit $failed
