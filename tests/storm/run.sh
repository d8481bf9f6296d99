#!/bin/bash
# Runs the storm under autopin on the simulated driver.  A run fails on a wrong byte, a violation of the driver's rules, a
# registration that is left over, or when it hangs; then the stacks of its threads are shown.
#
#   tests/storm/run.sh [--full | --plain] [SEED...]      default: seed 1
#
# SECONDS_TOTAL (20) is shared by the seeds.  --full: then under valgrind too, without a driver.  --plain: without autopin, to
# see that the program itself keeps to the rules.  With five seeds or more everything that the storm can do must have
# happened; up to ten more seeds are run until it has.  The seed also says which settings of autopin and of the driver a run has; set variables win over those.
# What a seed draws is always the same, how its threads interleave is not.
set -u
cd "$(dirname "$0")/../.." || exit 1
ulimit -c 0
BUILD=$(realpath "${BUILD:-build}")
LIB=$BUILD/libautopin.so
full=0 preload=$LIB
case "${1:-}" in
--full) full=1 && shift ;;
--plain) preload='' && shift ;;
esac
[ $# -gt 0 ] || set -- 1
ms=$((${SECONDS_TOTAL:-20} * 1000 / $#))
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export XDG_CONFIG_HOME=$scratch SIMCUDA_STATE=$scratch/state SIMCUDA_STRICT=1
failed=0 passed=0 skipped=0

# Left out: unregistering and entering a context, without which nothing can be unpinned; `kept` has them.
# And cuEventQuery, whose failure means that the context is lost, and with it all that was in flight.
faults='cuMemcpyHtoD_v2:/70=999 cuMemcpyDtoH_v2:/70=700 cuMemcpyHtoDAsync_v2:/70=2 cuMemcpyDtoHAsync_v2:/70=999
    cuMemcpy:/90=1 cuMemcpyAsync:/90=999 cuMemcpyHtoDAsync_v2_ptsz:/70=719 cuMemcpyDtoHAsync_v2_ptsz:/70=999
    cuMemcpy2D_v2:/50=999 cuMemcpy2DAsync_v2:/50=999 cuMemcpy3D_v2:/50=2 cuMemcpy3DAsync_v2_ptsz:/50=999
    cuMemcpyHtoA_v2:/50=999 cuMemcpyAtoHAsync_v2:/50=999 cuMemcpyHtoAAsync_v2_ptsz:/50=1
    cuMemHostRegister_v2:/8=2 cuMemHostRegister_v2:/25=999 cuMemHostRegister_v2:/40=712 cuMemHostRegister_v2:/60=801
    cuCtxCreate_v2:/10=2 cuCtxDestroy_v2:/6=999 cuCtxGetCurrent:/90=201 cuCtxGetDevice:/60=999 cuCtxSetCurrent:/90=4
    cuDevicePrimaryCtxRelease:/6=999 cuDevicePrimaryCtxRelease_v2:/6=999
    cuDeviceGetAttribute:/2=999 cuDeviceGetName:/2=1 cuDriverGetVersion:/2=1 cuMemAlloc_v2:/10=2 cuMemFree_v2:/10=999
    cuArrayCreate_v2:/10=2 cuStreamCreate:/10=2 cuStreamDestroy_v2:/10=999 cuStreamSynchronize:/70=999
    cuStreamSynchronize_ptsz:/70=999 cuLaunchHostFunc:/30=999 cuStreamBeginCapture_v2:/20=999 cuStreamEndCapture:/20=999
    cuGraphInstantiateWithFlags:/20=2 cuGraphLaunch:/20=999 cuGraphAddMemcpyNode:/20=999 cuEventCreate:/10=2
    cuEventRecord:/30=999 cuEventRecord_ptsz:/30=2 cuEventDestroy_v2:/10=999 cuPointerGetAttribute:/20=999
    cuThreadExchangeStreamCaptureMode:/40=999 cuMemGetAddressRange_v2:/20=999'

# With these, memory stays pinned for ever (rule 20), also beyond the end of its context: so contexts stay.
kept='cuMemHostUnregister:/25=999 cuCtxPushCurrent_v2:/40=201 cuCtxPopCurrent_v2:/40=201'

# settings SEED: VARIABLE=value words.
settings() {
    local faults=$faults name word
    local wanted="AUTOPIN_MIN_SIZE=64K AUTOPIN_REPORT=off AUTOPIN_IDLE_TIMEOUT=100ms AUTOPIN_MIN_FREE=0"
    wanted+=" SIMCUDA_SEED=$1"
    case $(($1 % 10)) in
    9) wanted+=" AUTOPIN_MAX_PINNED=400M AUTOPIN_MAX_REGIONS=400 STORM_KEEPS=1" ;;
    *) wanted+=" AUTOPIN_MAX_PINNED=$((6 + $1 * 7 % 23))M AUTOPIN_MAX_REGIONS=$((3 + $1 * 5 % 21))" ;;
    esac
    case $(($1 % 3)) in # every third run stages nothing, and every third all that it can
    0) wanted+=" AUTOPIN_STAGING=never" ;;
    1) wanted+=" AUTOPIN_STAGING=always AUTOPIN_STAGING_MIN=128K AUTOPIN_STAGING_MEMORY=8M" ;;
    esac
    case $(($1 % 5)) in
    0) wanted+=" AUTOPIN_PROMOTE=auto AUTOPIN_ASYNC=relaxed STORM_RELAXED=1 STORM_FAULTS=1 SIMCUDA_LATENCY_US=40" ;;
    # No gates: whoever waits for a pin waits for those that have to go first, and so for their streams.
    1) wanted+=" AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes STORM_GATES=0" ;;
    2) wanted+=" AUTOPIN_PROMOTE=always SIMCUDA_REGISTER_US_PER_MIB=200" ;;
    3) wanted+=" AUTOPIN_PROMOTE=always AUTOPIN_ASYNC=relaxed STORM_RELAXED=1 SIMCUDA_LATENCY_US=100" ;;
    4) wanted+=" AUTOPIN_PROMOTE=after=2 STORM_FAULTS=1" ;;
    esac
    case " $wanted " in *' STORM_KEEPS=1 '*) faults="$faults $kept" ;; esac
    case " $wanted " in *' STORM_FAULTS=1 '*) wanted+=" SIMCUDA_FAIL=$(tr -s ' \n' , <<<"$faults" | sed 's/,$//')" ;; esac
    for word in $wanted; do
        name=${word%%=*}
        [ -n "${!name:-}" ] || echo "$word"
    done
}

descendants() {
    local child
    echo "$1"
    for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do descendants "$child"; done
}

show_stacks() {
    local pid
    for pid in $(descendants "$1"); do
        echo "--- stacks of process $pid ($(tr '\0' ' ' <"/proc/$pid/cmdline"))"
        if command -v gdb >/dev/null; then
            timeout 60 gdb -batch -nx -p "$pid" -ex 'thread apply all bt 14' 2>/dev/null | grep -E '^(Thread|#)' |
                cut -c1-150 | awk '/^Thread/ { if (stack !~ idle) printf "%s", stack; stack = "" }
                    { stack = stack $0 "\n" } END { if (stack !~ idle) printf "%s", stack }' idle='cond_wait.*work .stream='
        else
            tail -n +1 "/proc/$pid"/task/*/{comm,wchan} 2>/dev/null
        fi
    done
}

# run LIMIT_S COMMAND...: its output is in $scratch/out.  124: it hangs.
run() {
    local limit=$1 pid
    shift
    rm -f "$SIMCUDA_STATE"
    "$@" >"$scratch/out" 2>&1 </dev/null &
    pid=$!
    for ((i = 0; i < limit * 10; i++)); do
        [ -e "/proc/$pid" ] && [ "$(cut -d' ' -f3 "/proc/$pid/stat" 2>/dev/null)" != Z ] || break
        sleep 0.1
    done
    if [ "$i" -ge $((limit * 10)) ]; then
        show_stacks "$pid" >>"$scratch/out"
        for each in $(descendants "$pid"); do kill -KILL "$each"; done
        wait "$pid" 2>/dev/null
        return 124
    fi
    wait "$pid"
}

judge() { # judge STATUS NAME: counts one run
    if [ "$1" -eq 0 ] && ! grep -q 'VIOLATION\|WRONG' "$scratch/out"; then
        passed=$((passed + 1))
        printf 'ok   %s: %s\n' "$2" "$(sed -n 's/^count steps //p' "$scratch/out") steps"
        return
    fi
    failed=$((failed + 1))
    printf 'FAIL %s: %s\n' "$2" "$([ "$1" -eq 124 ] && echo 'it hangs' || echo "exit $1")"
    grep -v '^count' "$scratch/out" | head -n 400 | sed 's/^/     | /'
}

storm() { # storm SEED
    local words
    mapfile -t words < <(settings "$1")
    export LD_LIBRARY_PATH=$BUILD/sim
    run $((ms / 1000 + 60)) env ${preload:+"LD_PRELOAD=$preload"} "${words[@]}" "$BUILD/storm" "$1" "$ms"
    judge $? "storm $1"
    sed -n 's/^count //p' "$scratch/out" >>"$scratch/counts"
    "$BUILD/sim/simstat" "$SIMCUDA_STATE" | grep -E '^(register_calls|unregister_calls|faults_injected|copies_(h2d|d2h)_pinned_(sync|async)|graph_launches|registered_regions|captures_invalidated) ' |
        sed 's/^/driver_/' >>"$scratch/counts"
}

# Twice: with valgrind's malloc, of which autopin gets hold of nothing but what valgrind leaves out; and with autopin's.
# --max-stackframe: autopin starts on a small stack of its own, which is not the thread's stack grown.
under_valgrind() {
    command -v valgrind >/dev/null || { skipped=$((skipped + 1)) && echo 'skip valgrind: it is not here' && return; }
    local options
    for options in '' '--soname-synonyms=somalloc=nouserintercepts --max-stackframe=65536'; do
        # shellcheck disable=SC2086 # several options
        run 120 env LD_PRELOAD="$LIB" AUTOPIN_BACKEND=mlock AUTOPIN_MIN_SIZE=64K AUTOPIN_REPORT=off \
            AUTOPIN_MAX_PINNED=16M STORM_DRIVER=0 \
            valgrind -q $options --error-exitcode=9 --trace-children=no --child-silent-after-fork=no "$BUILD/storm" 1 12000 2
        judge $? "storm 1, no driver, under valgrind${options:+, the malloc of autopin}"
    done
}

for seed; do
    storm "$seed"
done
# What has not happened at all.
never() { awk '{ sum[$1] += $2 } END { for (name in sum) if (sum[name] == 0 && name !~ /regions|invalidated/) print name }' "$scratch/counts"; }
if [ $# -ge 5 ] && [ -z "${STORM_LEAVE_OUT:-}" ]; then
    for ((more = 1; more <= 10; more++)); do # a busy machine does less in the same time
        [ -n "$(never)" ] || break
        storm $((seed + more))
    done
fi
[ "$full" -eq 0 ] || under_valgrind
sort "$scratch/counts" | awk '{ if ($1 != name) { if (name) printf "%s %d, ", name, sum; name = $1; sum = 0 } sum += $2 }
    END { printf "%s %d\n", name, sum }'
if [ $# -ge 5 ] && [ -z "${STORM_LEAVE_OUT:-}" ]; then
    [ -z "$(never)" ] || { echo "FAIL these never happened: $(never)" && failed=$((failed + 1)); }
fi
printf 'storm: %d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
