#!/bin/bash
# Measures autopin side by side with its rivals in one run and prints the results as a table.
#
#   tests/bench/run.sh [small_pair] [startup] [hot_copies] [mlock_loop]        default: all
#
# Rounds alternate between the contestants and medians are taken, so that a slow minute of the machine hits both.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=$(realpath "${BUILD:-build}")
LIB=$BUILD/libautopin.so
ROUNDS=${ROUNDS:-5}
export XDG_CONFIG_HOME=/nonexistent AUTOPIN_REPORT=off

median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ratio() { awk -v a="$1" -v b="$2" -v digits="${3:-2}" 'BEGIN { if (b == 0) print "-"; else printf "%.*f\n", digits, a / b }'; }
row() { # row NAME AUTOPIN RIVAL RIVAL'S_NAME COMPARISON BAR HOLDS
    printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$@"
}
holds() { awk -v v="$1" -v b="$3" "BEGIN { print (v $2 b) ? \"yes\" : \"NO\" }"; }

instructions() { # instructions PAIRS [PRELOAD]: instructions inside pair_loop
    env ${2:+"LD_PRELOAD=$2"} valgrind --tool=callgrind --toggle-collect=pair_loop --callgrind-out-file=/dev/null \
        "$BUILD/bench/small_pair" "$1" 2>&1 | sed -n 's/.*Collected : //p'
}

bench_small_pair() {
    local pairs=1000000 none with added
    none=$(instructions $pairs)
    with=$(instructions $pairs "$LIB")
    added=$(awk -v a="$with" -v b="$none" -v n=$pairs 'BEGIN { printf "%.2f", (a - b) / n }')
    row 'small malloc/free pair, instructions' "$(ratio "$with" $pairs 1)" "$(ratio "$none" $pairs 1)" 'glibc' \
        "+$added" '<= 12' "$(holds "$added" '<=' 12)"
}

bench_startup() {
    local none base with added
    read -r none base with < <("$BUILD/bench/startup" 1000 "$BUILD/bench/empty.so" "$LIB")
    added=$(awk -v a="$with" -v b="$base" 'BEGIN { printf "%.1f", a - b }')
    row 'spawn /bin/true, us' "$with" "$base" "empty preload (none: $none)" "+$added us" '<= 25 us' "$(holds "$added" '<=' 25)"
}

# way FILE WAY: the median speed of a way of copying over the rounds
way() { sed -n "s/^$2 //p" "$1" | median; }

bench_hot_copies() {
    local dir mode round each auto pinned churn plain
    if [ ! -e "$BUILD/sim/libcuda.so.1" ]; then
        echo '(hot_copies: the simulated driver is not built)'
        return
    fi
    dir=$(mktemp -d)
    export SIMCUDA_DATA=0 SIMCUDA_PAGEABLE_GBPS=8 SIMCUDA_PINNED_GBPS=50 LD_LIBRARY_PATH=$BUILD/sim
    for ((round = 0; round < ROUNDS; round++)); do
        for mode in malloc churn; do
            SIMCUDA_STATE=$dir/state.$mode.$round LD_PRELOAD=$LIB "$BUILD/bench/hot_copies" $mode 64 30 40 >>"$dir/$mode"
        done
        SIMCUDA_STATE=$dir/state.pinned.$round "$BUILD/bench/hot_copies" pinned 64 30 4 >>"$dir/pinned"
        SIMCUDA_STATE=$dir/state.plain.$round "$BUILD/bench/hot_copies" malloc 64 10 4 >>"$dir/plain"
    done
    unset SIMCUDA_DATA SIMCUDA_PAGEABLE_GBPS SIMCUDA_PINNED_GBPS LD_LIBRARY_PATH
    for each in h2d d2h h2d_async d2h_async; do
        auto=$(way "$dir/malloc" $each) pinned=$(way "$dir/pinned" $each)
        churn=$(way "$dir/churn" $each) plain=$(way "$dir/plain" $each)
        row "64 MiB $each, reused buffer, GB/s (modelled)" "$auto" "$pinned" "pinned by hand (pageable: $plain)" \
            "$(ratio "$auto" "$pinned" 3)x" '>= 0.95x' "$(holds "$(ratio "$auto" "$pinned" 4)" '>=' 0.95)"
        row "64 MiB $each, new buffer each time, GB/s (modelled)" "$churn" "$pinned" "pinned by hand (pageable: $plain)" \
            "$(ratio "$churn" "$pinned" 3)x" '-' '-'
    done
    rm -rf "$dir"
}

bench_mlock_loop() {
    local mib bar dir round auto glibc faults glibc_faults
    for mib in 64 16; do
        dir=$(mktemp -d)
        for ((round = 0; round < ROUNDS; round++)); do
            "$BUILD/bench/mlock_loop" $mib $((mib == 64 ? 40 : 2000)) 20 >>"$dir/glibc"
            AUTOPIN_BACKEND=mlock LD_PRELOAD=$LIB "$BUILD/bench/mlock_loop" $mib 2000 20 >>"$dir/auto"
        done
        auto=$(cut -d' ' -f1 "$dir/auto" | median) glibc=$(cut -d' ' -f1 "$dir/glibc" | median)
        faults=$(cut -d' ' -f2 "$dir/auto" | median) glibc_faults=$(cut -d' ' -f2 "$dir/glibc" | median)
        bar=$([ $mib = 64 ] && echo 20 || echo 0.98)
        row "malloc $mib MiB, touch, free: rounds/s" "$auto" "$glibc" glibc "$(ratio "$auto" "$glibc" 3)x" ">= ${bar}x" \
            "$(holds "$(ratio "$auto" "$glibc" 4)" '>=' "$bar")"
        row "malloc $mib MiB, touch, free: page faults" "$faults" "$glibc_faults" glibc '-' '0' "$(holds "$faults" '==' 0)"
        rm -rf "$dir"
    done
}

printf '### Measured %s\n\n' "$(date -u +%Y-%m-%d)"
printf 'Machine: %s, %s cores, %s, %s; locked-memory limit %s KiB. Rounds: %s, medians.\n' \
    "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" "$(uname -srm)" \
    "$(getconf GNU_LIBC_VERSION)" "$(ulimit -l)" "$ROUNDS"
printf 'Figures marked modelled come from the simulated driver (8 GB/s pageable, 50 GB/s pinned), not from a GPU.\n\n'
printf '| what | autopin | rival | rival is | comparison | bar | holds |\n|---|---|---|---|---|---|---|\n'
[ $# -gt 0 ] || set -- small_pair startup hot_copies mlock_loop
for name; do
    if ! declare -F "bench_$name" >/dev/null; then
        echo "tests/bench/run.sh: no bench called $name" >&2
        exit 2
    fi
    "bench_$name"
done
