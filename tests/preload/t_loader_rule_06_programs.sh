#!/bin/bash
# Programs that have nothing to do with autopin say and return the same with and without it (rules 6 and 35).
set -u
export LC_ALL=C
failed=0

same() {
    local plain preloaded plain_exit preloaded_exit
    plain=$("$@" 2>"$TMP/plain.err" </dev/null | md5sum; exit "${PIPESTATUS[0]}")
    plain_exit=$?
    preloaded=$(LD_PRELOAD=$LIB "$@" 2>"$TMP/preloaded.err" </dev/null | md5sum; exit "${PIPESTATUS[0]}")
    preloaded_exit=$?
    sed -i '/^autopin: .*ended by/,$d' "$TMP/preloaded.err" # a report is welcome, at the end and on stderr
    if [ "$plain" != "$preloaded" ] || [ $plain_exit -ne $preloaded_exit ] || ! cmp -s "$TMP/plain.err" "$TMP/preloaded.err"; then
        echo "differs: $*: exit $plain_exit and $preloaded_exit"
        diff "$TMP/plain.err" "$TMP/preloaded.err" | head -n 10
        failed=1
    fi
}

# tried PROGRAM ARGUMENTS...: the same, if it is installed
tried() {
    command -v "$1" >/dev/null 2>&1 || { echo "not here: $1" && return; }
    same "$@"
}

seq 1 100000 | awk '{print ($1 * 7919) % 1000003, "some text to sort by", $1}' >"$TMP/lines"
head -c 6000000 /dev/zero | tr '\0' 'x' >"$TMP/long"

same /bin/true
same /bin/false
same /bin/bash -c 'x=$(seq 1 1000 | tail -n 1); for i in 1 2 3; do echo "$x $i"; done; exec sh -c "exit 7"'
same /bin/sh -c 'ls -d / /usr | while read -r l; do echo "$l"; done; kill -TERM $$'
same sort "$TMP/lines"
same sort -S 50M --parallel=2 -n "$TMP/lines"
same sort -u "$TMP/long"
same grep -c x "$TMP/long"
same ls /nonexistent
tried perl -e 'my %h; $h{$_} = "x" x 100 for 1..20000; my $s = "y" x 30_000_000; print scalar(keys %h), length($s), "\n"; exit 3'
tried python3 -c 'b = bytearray(50 << 20); b[5] = 7; print(sum(b), len(b * 2)); import json; print(json.dumps([1, {"a": None}])); raise SystemExit(4)'
tried git --version
tried git -c safe.directory='*' hash-object "$TMP/long"
tried sqlite3 :memory: 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 30000) select sum(i), count(distinct i % 777), length(zeroblob(9000000)) from n;'
tried xz -1 --stdout "$TMP/lines"
tried gzip -c "$TMP/lines"
exit $failed
