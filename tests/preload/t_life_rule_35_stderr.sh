#!/bin/bash
# Nothing on stdout, ever; nothing on descriptor 2 once it is something else than it was; a closed stdout or stderr does no
# harm, and a file that gets the number 2 does not get the report (rule 35).
set -u
end=$BUILD/tests/t_life_end
export AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes
failed=0
wrong() { echo "$1" && failed=1; }
export AUTOPIN_REPORT=text

out=$(LD_PRELOAD=$LIB "$end" exit 2>/dev/null)
[ "$out" = "main ends" ] || wrong "stdout: $out"
said=$(LD_PRELOAD=$LIB "$end" exit 2>&1 >/dev/null)
grep -q "ended by exit" <<<"$said" || wrong "there is no report to look for: $said"

for how in other-stderr closed-stderr; do
    : >"$TMP/data"
    LD_PRELOAD=$LIB "$end" exit $how 9>>"$TMP/data" >/dev/null 2>"$TMP/err"
    [ $? -eq 3 ] || wrong "$how: another status"
    [ ! -s "$TMP/data" ] || wrong "$how: a file of the program's got: $(head -c 300 "$TMP/data")"
done

LD_PRELOAD=$LIB "$end" exit 2>&-
[ $? -eq 3 ] || wrong "without stderr: another status"
LD_PRELOAD=$LIB "$end" exit >&- 2>/dev/null
[ $? -eq 3 ] || wrong "without stdout: another status"
: >"$TMP/data"
LD_PRELOAD=$LIB "$end" exit closed-stderr 9>>"$TMP/data" 2>&- >/dev/null
[ ! -s "$TMP/data" ] || wrong "closed from the start: a file of the program's got: $(head -c 300 "$TMP/data")"

# A reader of stderr that has gone: no SIGPIPE where the program would have had none.
LD_PRELOAD=$LIB "$end" exit 2> >(exec true) >/dev/null
status=$?
sleep 0.1
(sleep 0.2; LD_PRELOAD=$LIB "$end" exit 2>&3 >/dev/null; echo $? >"$TMP/status") 3> >(exec true)
[ $status -eq 3 ] && [ "$(cat "$TMP/status")" -eq 3 ] || wrong "stderr without a reader: status $status, $(cat "$TMP/status")"
exit $failed
