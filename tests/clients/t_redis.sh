#!/bin/bash
# Redis takes large values, snapshots and rewrites its log in forked children, reloads both, and holds the same data.
# timeout 180
. tests/clients/compare.sh
needs redis-cli redis-check-rdb

cli() { redis-cli -s "$WORK/socket" "$@"; }

# Debian's server is the same file as redis-check-rdb, of a package that starts no service.
start() {
    (
        cd "$WORK" || exit
        exec -a redis-server redis-check-rdb --port 0 --unixsocket "$WORK/socket" --appendonly yes --enable-debug-command yes \
            --save '' --auto-aof-rewrite-percentage 0 --io-threads 2 --io-threads-do-reads yes --lazyfree-lazy-user-del yes --activedefrag no >>"$WORK/log" 2>&1
    ) &
    server=$!
    # While it loads its data it answers something else.
    until [ "$(cli ping 2>/dev/null)" = PONG ]; do kill -0 "$server" || return; done
}

# settled FIELD: waits for a child to end, and says how it went
settled() {
    while cli info persistence | grep -q "^$1_in_progress:1"; do cli ping >/dev/null; done
    cli info persistence | grep "^$2:"
}

fill='for i = 1, 6 do redis.call("set", "large" .. i, string.rep(string.format("%08d", i * 7919), i * 131072)) end
    for i = 1, 20000 do redis.call("zadd", "sorted", (i * 7919) % 10007, "member" .. i) redis.call("hset", "hash" .. (i % 50), i, i * i) end
    return redis.call("dbsize")'
change='for i = 1, 6 do redis.call("append", "large" .. i, string.rep("y", 1048576)) redis.call("setrange", "large" .. i, i * 99999, "changed") end
    for i = 1, 20 do redis.call("rpush", "list", string.rep("z", i * 65536)) end
    redis.call("unlink", "large2") redis.call("copy", "large6", "large7") return redis.call("dbsize")'

state() {
    cli debug digest
    cli --raw dump large6 | sha256sum
    cli --raw get large7 | sha256sum
}

work() {
    local status
    head -c 5000000 /dev/zero | tr '\0' 'x' >"$WORK/value"
    start || return
    cli eval "$fill" 0
    cli bgsave >/dev/null
    cli eval "$change" 0 # while the child writes
    settled rdb_bgsave rdb_last_bgsave_status
    cli -x set piped <"$WORK/value"
    cli bgrewriteaof >/dev/null
    for i in 1 2 3 4; do cli -x append piped <"$WORK/value"; done
    settled aof_rewrite aof_last_bgrewrite_status
    redis-benchmark -s "$WORK/socket" -q -n 200 -c 8 -d 1200000 -r 20 -t set,get,lpush >/dev/null 2>&1
    cli --raw llen mylist
    cli unlink mylist >/dev/null
    for i in $(seq 0 19); do cli unlink "key:$(printf '%012d' "$i")" >/dev/null; done
    state
    cli debug reload
    cli debug loadaof
    state
    cli shutdown nosave
    wait "$server"
    status=$?
    start && state && cli shutdown nosave && wait "$server" && return "$status"
}

same redis work
compare_result
