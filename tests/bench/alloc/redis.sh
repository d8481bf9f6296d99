#!/bin/bash
# A redis server, some thousand requests, and its end.   usage: redis.sh FOLDER
set -eu
server=$1/redis.sock preload=${LD_PRELOAD:-}
unset LD_PRELOAD
env ${preload:+LD_PRELOAD="$preload"} redis-server --port 0 --unixsocket "$server" --save '' --appendonly no --daemonize no >/dev/null &
until redis-cli -s "$server" ping >/dev/null 2>&1; do :; done
redis-benchmark -s "$server" -q -n 10000 -r 5000 -P 16 -t set,get,lpush,sadd,hset -d 200 >/dev/null
redis-cli -s "$server" shutdown nosave >/dev/null 2>&1 || true
wait
