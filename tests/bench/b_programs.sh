#!/bin/bash
# title: Programs that never copy
# about: Wall time, processor time and the most resident memory of whole programs, those of tests/bench/alloc and real ones, under four allocators with and without autopin in front. An autopin+X is compared with X. Glibc again: the same once more, which shows how far single percents can be told on this machine; empty: an empty object is preloaded, which any preloaded library costs.
# rounds: 7
# base: glibc
# bar: *: time autopin <= 1.01x glibc
# bar: *: CPU autopin <= 1.01x glibc
# bar: *: RSS autopin <= 1.01x glibc
set -eu
. "$(dirname "$0")/lib.sh"
data=$TMP/data
if [ ! -d "$data" ]; then # the first round makes what the programs work on
    mkdir -p "$data"
    awk 'BEGIN { srand(1); for (i = 0; i < 200000; i++) printf "%d line %d of a file\n", rand() * 1e9, i }' >"$data/lines"
    git -C "$data" init -q repository
    cp -r policy preload tests/unit "$data/repository"
    git -C "$data/repository" add -A
    git -C "$data/repository" -c user.name=bench -c user.email=bench@localhost commit -qm all
    printf '%s\n' 'create table t(a integer primary key, b text, c real);' \
        'with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000)' \
        "insert into t select i, 'row ' || (i * 7919 % 60000), i * 0.5 from n;" \
        'create index by_b on t(b); select count(*), sum(length(b)) from t where b > "row 3";' \
        'select b, avg(c) from t group by substr(b, 1, 6) order by 2 limit 5;' >"$data/load.sql"
fi
# NAME|COMMAND: a row more is a program more.  They take some tenths of a second.
programs="
small pairs|$BUILD/bench/small_pair 3000000
server|$BUILD/bench/alloc/server 2 10 60000
handover|$BUILD/bench/alloc/handover 1 8000
trees|$BUILD/bench/alloc/trees 6 40000
strings|$BUILD/bench/alloc/strings 25
churn|$BUILD/bench/alloc/churn 150
sqlite3|sqlite3 :memory: -init $data/load.sql .quit
python3|/usr/bin/python3 -S tests/bench/alloc/objects.py
gcc|gcc -std=gnu11 -I. -O1 -S -o $TMP/out.s policy/options.c
sort|sort --parallel=1 -o $TMP/sorted $data/lines
git|git -C $data/repository repack -adfq --threads=1 --window=50
"
[ -z "$(command -v redis-server)" ] || [ -z "$(command -v redis-benchmark)" ] ||
    programs+="redis|tests/bench/alloc/redis.sh $TMP"$'\n'

one() { # one NAME VARIANT PRELOAD COMMAND...
    local wall cpu rss
    read -r wall cpu rss _ < <("$BUILD/bench/measure" "$3" "${@:4}" 2>>"$TMP/errors") || return 0
    say "$1: time" "$2" "$wall" s
    say "$1: CPU" "$2" "$cpu" s
    say "$1: RSS" "$2" "$rss" KiB
}
while IFS='|' read -r name command; do
    [ -n "$name" ] || continue
    read -ra words <<<"$command"
    # The bars are narrow: the two that they compare come up four times a round, in turn.
    for _ in 1 2 3 4; do
        one "$name" glibc - "${words[@]}"
        one "$name" autopin "$LIB" "${words[@]}"
        one "$name" 'glibc again' - "${words[@]}"
        one "$name" empty "$BUILD/bench/empty.so" "${words[@]}"
    done
    while read -r variant preload; do
        one "$name" "$variant" "$preload" "${words[@]}"
    done < <(variants | tail -n +3)
done <<<"$programs"
