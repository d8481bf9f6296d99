#!/bin/bash
# Rule 35: a report that goes to a link such as /dev/stdout goes to the program's own descriptor, and the link stays what
# it is, whatever is behind the descriptor and whether the first thread is still there; what cannot be written is said
# with the reason, also when the report is longer than what is written at a time.
set -u
end=$BUILD/tests/t_life_end
export AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes
failed=0
wrong() { echo "$1" && failed=1; }

mkdir "$TMP/links" && ln -s /proc/self/fd/1 "$TMP/links/stdout" || exit 1
for path in "$TMP/links/stdout" /proc/self/fd/1 /dev/fd/1; do
    AUTOPIN_REPORT=$path LD_PRELOAD=$LIB /bin/bash -c 'echo before; "$1" exit; echo after' - "$end" >"$TMP/log" 2>"$TMP/err"
    [ "$(find "$TMP/links" -type l)" = "$TMP/links/stdout" ] || wrong "$path: $(ls -l "$TMP/links")"
    [ "$(grep -c '^autopin: t_life_end .* ended by exit' "$TMP/log")" -eq 1 ] || wrong "$path: $(head -c 500 "$TMP/log")"
    [ "$(sed -n '1p;$p' "$TMP/log" | xargs)" = 'before after' ] || wrong "$path: the program's own output: $(cat "$TMP/log")"
    [ ! -s "$TMP/err" ] || wrong "$path: $(head -c 500 "$TMP/err")"
done

said=$(ulimit -f 0 && AUTOPIN_REPORT=$TMP/full.json LD_PRELOAD=$LIB "$end" exit 2>&1 >/dev/null)
grep -q 'the report cannot be written there: File too large$' <<<"$said" || wrong "beyond the limit: $said"
[ -z "$(find "$TMP" -name 'full.json*')" ] || wrong "beyond the limit: $(find "$TMP" -name 'full.json*') is left"
exit $failed
