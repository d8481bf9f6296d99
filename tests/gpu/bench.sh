#!/bin/bash
# Copy rates on a real GPU by size: pageable, pinned by hand, and the pageable program under autopin.  Under four minutes.
#
#   tests/gpu/bench.sh          the table goes to stdout and to bench.md in $OUT, else $BUILD/gpu
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=$(realpath "${BUILD:-build}")
export BUILD
LIB=$BUILD/libautopin.so
OUT=${OUT:-$BUILD/gpu}
ROUNDS=${ROUNDS:-3}
SECONDS=0 TOTAL_S=220
mkdir -p "$OUT"
export XDG_CONFIG_HOME=/nonexistent AUTOPIN_REPORT=off

tests/gpu/build.sh facts || exit 1
probe=$("$BUILD/gpu/facts" --probe)
if [ $? -eq 77 ]; then
    echo "bench-gpu: skipped: $probe"
    exit 0
fi

contest() { # contest FILE COMMAND...: one round of one contestant, if there is time
    local file=$1 left=$((TOTAL_S - SECONDS))
    shift
    [ "$left" -le 3 ] || timeout -k 5 $((left < 30 ? left : 30)) env "$@" >>"$file" 2>>"$OUT/bench.err" || true
}
median() { sed -n "s/^$2 //p" "$1" | sort -g | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : 0 }'; }

bench_size() { # bench_size MIB ITERATIONS
    local dir=$OUT/bench.$1 round way plain pinned auto churn
    rm -rf "$dir" && mkdir -p "$dir"
    for ((round = 0; round < ROUNDS; round++)); do
        contest "$dir/plain" "$BUILD/bench/hot_copies" malloc "$1" "$2"
        contest "$dir/auto" LD_PRELOAD="$LIB" "$BUILD/bench/hot_copies" malloc "$1" "$2" 40
        contest "$dir/churn" LD_PRELOAD="$LIB" "$BUILD/bench/hot_copies" churn "$1" "$2" 40
        contest "$dir/pinned" "$BUILD/bench/hot_copies" pinned "$1" "$2"
    done
    for way in h2d d2h h2d_async d2h_async; do
        plain=$(median "$dir/plain" $way) pinned=$(median "$dir/pinned" $way)
        auto=$(median "$dir/auto" $way) churn=$(median "$dir/churn" $way)
        awk -v size="$1" -v way=$way -v plain="$plain" -v pinned="$pinned" -v auto="$auto" -v churn="$churn" 'BEGIN {
            if (plain == 0 || pinned == 0) { printf "| %s MiB %s | no result | | | | | |\n", size, way; exit }
            printf "| %s MiB %s | %.1f | %.1f | %.1f | %.1f | %.2fx | %.3fx |\n", size, way, plain, pinned, auto, churn,
                   auto / plain, auto / pinned }'
    done
}

{
    printf 'GPU: %s. Host: %s, %s cores, %s. GB/s, medians of %s rounds.\n\n' \
        "$(nvidia-smi --query-gpu=name,driver_version,pcie.link.gen.max --format=csv,noheader 2>/dev/null | head -n 1)" \
        "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" "$(uname -srm)" "$ROUNDS"
    echo '| copy | pageable | pinned by hand | autopin, reused | autopin, new each time | over pageable | of pinned |'
    echo '|---|---|---|---|---|---|---|'
    for size in 1 4 16 64 256; do bench_size $size $((size > 64 ? 15 : 40)); done
} | tee "$OUT/bench.md"
