#!/bin/bash
# title: Instructions of programs that never copy
# about: Instructions of whole processes from start to end, counted by callgrind: what a busy machine cannot blur. What the kernel does is not in it.
# rounds: 1
# base: glibc
# bar: * autopin <= 1.01x glibc
set -eu
. "$(dirname "$0")/lib.sh"
printf '%s\n' 'create table t(a integer primary key, b text);' \
    'with recursive n(i) as (select 1 union all select i + 1 from n where i < 40000)' \
    "insert into t select i, 'row ' || (i * 7919 % 40000) from n;" \
    'create index by_b on t(b); select count(*), sum(length(b)) from t where b > "row 3";' >"$TMP/load.sql"
awk 'BEGIN { srand(1); for (i = 0; i < 100000; i++) printf "%d line %d of a file\n", rand() * 1e9, i }' >"$TMP/lines"
programs="
trees|$BUILD/bench/alloc/trees 4 30000
strings|$BUILD/bench/alloc/strings 10
server|$BUILD/bench/alloc/server 1 1 200000
sqlite3|sqlite3 :memory: -init $TMP/load.sql .quit
python3|/usr/bin/python3 -S tests/bench/alloc/texts.py
sort|sort --parallel=1 -o $TMP/sorted $TMP/lines
"
while IFS='|' read -r name command; do
    [ -n "$name" ] || continue
    read -ra words <<<"$command"
    for variant in glibc:- "autopin:$LIB"; do
        count=$(with "${variant#*:}" valgrind --tool=callgrind --callgrind-out-file=/dev/null "${words[@]}" 2>&1 >/dev/null |
            sed -n 's/.*Collected : //p' | tail -n 1)
        [ -z "$count" ] || say "$name" "${variant%%:*}" "$(awk -v n="$count" 'BEGIN { printf "%.3f", n / 1e6 }')" 'million instructions'
    done
done <<<"$programs"
