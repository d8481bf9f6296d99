#!/bin/bash
# Traces hold every event, say how many they do not hold, are readable after SIGKILL, and are a forked child's own or not
# written by it.
# timeout 120
set -u
fail() { echo "$*" && exit 1; }
export AUTOPIN_REPORT=off
replay() { "$BUILD/autopin-replay" "$1" || fail "$1 cannot be read"; }
allocations() { replay "$1" | sed -n 's/^ *\([0-9]*\) allocations\{0,1\}, .*/\1/p'; }
missing() { replay "$1" | sed -n 's/.*not in the file: \([0-9]*\) events\{0,1\}; \([0-9]*\) .*/\1 \2/p'; }

# Every one of 30100 blocks.
AUTOPIN_TRACE=$TMP/all.trace AUTOPIN_BACKEND=none LD_PRELOAD=$LIB "$BUILD/bench/mlock_loop" 1 30000 100 >/dev/null || fail "mlock_loop"
[ "$(allocations "$TMP/all.trace")" = 30100 ] || fail "all: $(replay "$TMP/all.trace")"
[ -z "$(missing "$TMP/all.trace")" ] || fail "all: $(replay "$TMP/all.trace")"

# Threads at once: as many as the report counts.
AUTOPIN_TRACE=$TMP/threads.trace AUTOPIN_MIN_SIZE=64K AUTOPIN_REPORT=$TMP/threads.json AUTOPIN_REPORT_EMPTY=yes LD_PRELOAD=$LIB \
    "$BUILD/tests/t_malloc_rule_08_threads" || fail "threads"
blocks=$(sed -n 's/.*"large_blocks": \([0-9]*\).*/\1/p' "$TMP/threads.json")
[ "$blocks" -gt 50 ] && [ "$(allocations "$TMP/threads.trace")" = "$blocks" ] && [ -z "$(missing "$TMP/threads.trace")" ] ||
    fail "$blocks blocks: $(replay "$TMP/threads.trace")"

# ... which are told of by one event, since nothing else happens to them.
[ "$(stat -c %s "$TMP/all.trace")" -lt 2000 ] || fail "all: $(stat -c %s "$TMP/all.trace") bytes"

# What is not in the file is counted: events are two of each block, and some of the other kinds.
AUTOPIN_TRACE=$TMP/cut.trace AUTOPIN_TRACE_MAX=64K AUTOPIN_BACKEND=none AUTOPIN_MIN_SIZE=64K LD_PRELOAD=$LIB \
    "$BUILD/bench/alloc/churn" 30000 64 1024 || fail "churn"
[ "$(stat -c %s "$TMP/cut.trace")" -lt 68000 ] || fail "$(stat -c %s "$TMP/cut.trace") bytes of 64K"
has=$(allocations "$TMP/cut.trace")
read -r dropped strays <<<"$(missing "$TMP/cut.trace")"
all=$((2 * has + dropped)) # an allocation whose free is not there, of which there are 8 at most, makes one less
[ "$has" -gt 1000 ] && [ "$strays" -eq 0 ] && [ $((all - 60000)) -ge 0 ] && [ $((all - 60000)) -le 11 ] ||
    fail "$has allocations and $dropped events dropped, of 60000 events: $(replay "$TMP/cut.trace")"

# Killed: up to there.
AUTOPIN_TRACE=$TMP/killed.trace AUTOPIN_BACKEND=none AUTOPIN_MIN_SIZE=64K LD_PRELOAD=$LIB "$BUILD/bench/alloc/churn" 100000000 64 1024 &
program=$!
for ((i = 0; i < 600; i++)); do
    [ "$(stat -c %s "$TMP/killed.trace" 2>/dev/null || echo 0)" -lt 200000 ] || break
    sleep 0.1
done
kill -KILL $program
wait $program 2>/dev/null
has=$(allocations "$TMP/killed.trace")
[ "$has" -gt 4000 ] || fail "killed: $has allocations: $(replay "$TMP/killed.trace")"

# A child's own, where the name is; the parent's is the parent's alone.
AUTOPIN_TRACE=$TMP/one.trace LD_PRELOAD=$LIB "$BUILD/tests/t_trace_fork" || fail "t_trace_fork"
[ "$(allocations "$TMP/one.trace")" = 17 ] || fail "the parent's: $(replay "$TMP/one.trace")"
# The same when the child writes last; its standard output tells when it has ended.
AUTOPIN_TRACE=$TMP/late.trace LD_PRELOAD=$LIB "$BUILD/tests/t_trace_fork" late | cat
[ "$(allocations "$TMP/late.trace")" = 17 ] || fail "the parent's: $(replay "$TMP/late.trace")"
AUTOPIN_TRACE=$TMP/f.%p.trace LD_PRELOAD=$LIB "$BUILD/tests/t_trace_fork" || fail "t_trace_fork"
set -- "$TMP"/f.*.trace
[ $# -eq 2 ] || fail "$# traces of two processes"
both="$(allocations "$1") $(allocations "$2")"
[ "$both" = "17 5" ] || [ "$both" = "5 17" ] || fail "parent and child: $both"

# Off, and no path.
AUTOPIN_TRACE=json LD_PRELOAD=$LIB "$BUILD/bench/mlock_loop" 1 10 1 2>&1 >/dev/null | grep -q 'give it a path' || fail "trace = json"
# A link is not followed.
ln -s "$TMP/aim" "$TMP/link.trace"
AUTOPIN_TRACE=$TMP/link.trace LD_PRELOAD=$LIB "$BUILD/bench/mlock_loop" 1 10 1 >/dev/null 2>"$TMP/said"
[ ! -e "$TMP/aim" ] && grep -q 'no trace can be written there' "$TMP/said" || fail "a link: $(cat "$TMP/said")"
# Files may become no larger: no signal ends the program for what autopin writes.
(
    ulimit -f 16
    AUTOPIN_TRACE=$TMP/cut.trace AUTOPIN_BACKEND=none AUTOPIN_MIN_SIZE=64K LD_PRELOAD=$LIB \
        "$BUILD/bench/alloc/churn" 30000 64 1024 2>"$TMP/said"
) || fail "a limit on files: exit $?: $(cat "$TMP/said")"
grep -q 'the trace could not be written' "$TMP/said" || fail "a limit on files: $(cat "$TMP/said")"
