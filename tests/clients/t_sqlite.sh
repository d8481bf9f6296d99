#!/bin/bash
# SQLite sorts, indexes and stores large values, and its database comes out the same under the preload.
# timeout 180
. tests/clients/compare.sh
needs sqlite3

# The largest allocations: pages of 64 KiB, sorts in memory by two threads, values of 1 to 6 MiB.
work() {
    sqlite3 "$WORK/db" >"$WORK/said" <<'END' || return
.bail on
pragma page_size = 65536;
pragma cache_size = -65536;
pragma synchronous = off;
pragma threads = 2;
pragma temp_store = memory;
create table t (id integer primary key, k integer, s text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 150000)
    insert into t select i, (i * 7919) % 1000003, printf('%0120d', i * 31) from n;
create index by_k on t (k, s);
create table large (id integer primary key, b blob);
insert into large select id, cast(replace(hex(zeroblob(id * 512 * 1024)), '00', printf('%02d', id)) as blob) from t where id <= 6;
update large set b = b || b where id % 2 = 0;
select id, length(b), hex(substr(b, -4)) from large;
select count(*), sum(k), min(s), max(s) from (select k, s from t order by s desc, k limit 100000);
select sum(length(group_concat_s)) from (select group_concat(s) as group_concat_s from t group by k % 10);
delete from t where id % 3 = 0;
vacuum;
pragma integrity_check;
END
    cat "$WORK/said"
    sqlite3 "$WORK/db" .dump >"$WORK/dump" && sha256sum <"$WORK/dump"
    { echo "pragma synchronous = off;" && cat "$WORK/dump"; } | sqlite3 "$WORK/again" && sqlite3 "$WORK/again" 'pragma integrity_check' .sha3sum
}

same sqlite work
compare_result
