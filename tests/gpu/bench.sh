#!/bin/bash
# All measurements that need a GPU, the most important first, within a budget of time: make bench-gpu.
#
#   tests/gpu/bench.sh [sweep|costs|stage|facts|weights|large|latency|pool|python]...       default: all, in this order
#
# Needs a C compiler, Python and $BUILD/libautopin.so, and no CUDA toolkit.  Lines of figures go to $OUT/raw, of which
# results.py makes RESULTS-<GPU>.md (in $OUT, and here unless the driver is the simulated one) and plots where there is
# matplotlib.  OUT: build/gpu-results.  BUDGET_S: 540, building included; what there is no time for is left out and named.
# ROUNDS: of the sweep, 3.  QUICK=1: small sizes, one round; on the simulated driver, to try this script:
#   make sim && LD_LIBRARY_PATH=build/sim SIMCUDA_DATA=0 SIMCUDA_PAGEABLE_GBPS=8 SIMCUDA_PINNED_GBPS=50 QUICK=1 make bench-gpu
# shellcheck disable=SC2317,SC2181 # the part_ functions are called by name; $? is the probe's
set -u
cd "$(dirname "$0")/../.." || exit 1
SECONDS=0
[ -z "${STARTED:-}" ] || SECONDS=$(($(date +%s) - STARTED))
ulimit -c 0
BUILD=$(realpath "${BUILD:-build}")
export BUILD
LIB=$BUILD/libautopin.so
OUT=$(realpath -m "${OUT:-build/gpu-results}")
PYTHON=${PYTHON:-python3}
BUDGET_S=${BUDGET_S:-540}
KEEP_S=12 # for results.py
QUICK=${QUICK:-0}
ROUNDS=${ROUNDS:-$((QUICK ? 1 : 3))}
RAW=$OUT/raw
GPU=$BUILD/gpu
export XDG_CONFIG_HOME=/nonexistent
unset "${!AUTOPIN_@}"

small_most=$((256 << 20)) large_mib=4096 costs_mib=1024 weights_mib=2048 pin_mib=4096 python_mib=256
[ "$QUICK" = 0 ] || small_most=$((16 << 20)) large_mib=256 costs_mib=64 weights_mib=128 pin_mib=512 python_mib=4

tests/gpu/build.sh facts || exit 1
probe=$("$GPU/facts" --probe)
if [ $? -eq 77 ]; then
    echo "bench-gpu: skipped: $probe"
    exit 0
fi
tests/gpu/build.sh sweep costs weights latency stage_sweep pool_copies || exit 1
[ -e "$LIB" ] || { echo "bench-gpu: there is no $LIB: run make" >&2 && exit 1; }
rm -rf "$RAW"
mkdir -p "$RAW"

# part NAME LIMIT_S COMMAND...: its lines go to raw/NAME, in the time that is left; an argument @ is the limit
part() {
    local name=$1 limit=$2 left=$((BUDGET_S - KEEP_S - SECONDS)) word status
    local -a command=()
    shift 2
    [ "$left" -gt 6 ] || { echo "# $name: no time left" >>"$RAW/$name" && return; }
    [ "$limit" -lt "$left" ] || limit=$((left - 1))
    for word; do
        [ "$word" != @ ] || word=$((limit > 12 ? limit - 5 : limit / 2))
        command+=("$word")
    done
    timeout -k 3 "$limit" env "${command[@]}" >>"$RAW/$name" 2>>"$RAW/errors" </dev/null
    status=$?
    case $status in
    0 | 77) ;;
    124 | 137) echo "# $name: ended after $limit s: ${command[*]##*/}" >>"$RAW/$name" ;;
    *) echo "# $name: exit $status: ${command[*]##*/}" >>"$RAW/$name" ;;
    esac
}

preload=(LD_PRELOAD="$LIB" AUTOPIN_MAX_PINNED=60%)
# Pinned at the first copy, so that it is the pinned state that is measured.
hot=("${preload[@]}" AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes)

# sweep FROM TO LIMIT_S: every contestant once
sweep() {
    part sweep "$3" "$GPU/sweep" malloc pageable @ "$1" "$2"
    part sweep "$3" "$GPU/sweep" pinned pinned @ "$1" "$2"
    part sweep "$3" "${hot[@]}" AUTOPIN_REPORT="$RAW/report.hot.%p.json" "$GPU/sweep" malloc hot @ "$1" "$2"
    part sweep "$3" "$GPU/sweep" walk fresh @ "$1" "$2"
    part sweep "$3" "${preload[@]}" AUTOPIN_REPORT="$RAW/report.cold.%p.json" "$GPU/sweep" walk cold @ "$1" "$2"
    part sweep "$3" "$GPU/sweep" registered registered @ "$1" "$2"
}

part_sweep() {
    local round
    for ((round = 0; round < ROUNDS; round++)); do sweep 4096 "$small_most" 20; done
}
part_costs() { part costs 50 "$GPU/costs" @ "$costs_mib"; }
part_stage() {
    local threads
    part stage 80 "$GPU/stage_sweep" @
    for threads in 1 2 4 8 16; do
        [ "$threads" -gt "$(nproc)" ] || part threads 12 "${preload[@]}" AUTOPIN_REPORT=off AUTOPIN_STAGING=always \
            AUTOPIN_STAGING_THREADS=$threads "$GPU/sweep" walk "$threads" @ 4194304 "$small_most"
    done
}
part_facts() { part facts 60 SIMCUDA_DATA=1 "$GPU/facts" --no-speed; }
part_weights() {
    local file=$OUT/weights.bin
    part weights 30 "$GPU/weights" map plain @ "$file" "$weights_mib"
    part weights 30 "${preload[@]}" AUTOPIN_REPORT="$RAW/report.weights.%p.json" "$GPU/weights" map autopin @ "$file" "$weights_mib"
    part weights 30 "$GPU/weights" staged double_buffer @ "$file" "$weights_mib"
    part weights 30 "$GPU/weights" read double_buffer_pread @ "$file" "$weights_mib"
    rm -f "$file"
}
part_large() { sweep $((small_most * 4)) $((large_mib << 20)) 40; }
part_latency() {
    part latency 25 "$GPU/latency" whole whole @ "$pin_mib"
    part latency 25 "$GPU/latency" pieces pieces @ "$pin_mib"
    part latency 25 "${hot[@]}" AUTOPIN_REPORT="$RAW/report.latency.%p.json" "$GPU/latency" copy autopin @ "$pin_mib"
}
pool() { # pool LABEL SETTINGS... -- MODE: synchronous and asynchronous, through pool_copies
    local label=$1 way
    local -a settings=()
    shift
    while [ "$1" != -- ]; do settings+=("$1") && shift; done
    for way in sync async; do
        echo "# pool $label $way" >>"$RAW/pool"
        part pool 20 "${settings[@]}" "$GPU/pool_copies" "$2" $way 20 20
    done
}
part_pool() {
    pool pageable A=1 -- malloc
    pool own_pool A=1 -- pool
    pool autopin "${preload[@]}" AUTOPIN_REPORT=off -- malloc
}
part_python() {
    local name
    for name in torch cupy jax numba nvblas; do
        part python 40 "$PYTHON" tests/gpu/py_bench.py $name plain "$python_mib"
        part python 40 "${preload[@]}" AUTOPIN_REPORT=off "$PYTHON" tests/gpu/py_bench.py $name autopin "$python_mib"
    done
    part python 40 "$PYTHON" tests/gpu/py_bench.py nvblas nvblas_pin "$python_mib"
}

{
    "$GPU/facts" --name
    echo "cpu $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)"
    echo "cores $(nproc)"
    echo "memory $(sed -n 's/^MemTotal: *//p' /proc/meminfo)"
    echo "kernel $(uname -srm)"
    echo "huge_pages $(sed 's/.*\[\(.*\)\].*/\1/' /sys/kernel/mm/transparent_hugepage/enabled 2>/dev/null)"
    echo "commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
    echo "rounds $ROUNDS"
    echo "link $(nvidia-smi --query-gpu=driver_version,pcie.link.gen.max,pcie.link.width.max --format=csv,noheader 2>/dev/null | head -n 1)"
    [ -z "${STALE:-}" ] || echo '# the library could not be built here: one that was there before is measured'
} >"$RAW/machine"
[ -z "${STALE:-}" ] || echo 'bench-gpu: the library could not be built here: one that was there before is measured' >&2

[ $# -gt 0 ] || set -- sweep costs stage facts weights large latency pool python
for name; do
    echo "bench-gpu: $name, at $SECONDS s of $BUDGET_S" >&2
    "part_$name"
done
exec "$PYTHON" tests/gpu/results.py "$OUT"
