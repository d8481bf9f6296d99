#!/bin/bash
# Runs the programs of tests/preload (and the shell tests t_*.sh there, in tests/bench and in tests/clients) and counts.
#
#   tests/preload/run.sh [-v] [NAME...]     NAME: t_something; default: all
#
# A program t_NAME runs once under LD_PRELOAD=$LIB, or once per line of t_NAME.runs:
#
#   LABEL | WORDS | EXPECTED EXIT | ARGUMENTS          (all but LABEL optional; expected exit 0)
#
# WORDS are VARIABLE=value settings, expanded by the shell; known are $LIB, $SIM, $BUILD and $TMP (a fresh folder).
# LD_PRELOAD=$LIB is set unless the line sets LD_PRELOAD itself.  The bare word $SIM, or any SIMCUDA_ setting, gives the
# run the simulated driver: LD_LIBRARY_PATH, SIMCUDA_STRICT=1 and a fresh SIMCUDA_STATE; and AUTOPIN_STAGING=never, since
# most programs count registrations.  A line "# timeout N" changes
# the limit of 120 s for the lines after it; other lines that begin with # are comments.
#
# A shell test finds LIB, SIM, BUILD and TMP in its environment and preloads for itself; "# timeout N" counts there too.
# Exit 77 means skipped, with the reason on the last line of its output.
set -u
cd "$(dirname "$0")/../.." || exit 1
ulimit -c 0

BUILD=$(realpath "${BUILD:-build}")
LIB=$BUILD/libautopin.so
SIM=$BUILD/sim/libcuda.so.1
export BUILD LIB SIM
[ -e "$LIB" ] || { echo "$LIB is not built" && exit 1; }
for name in $(compgen -e | grep -E '^(AUTOPIN|SIMCUDA)_'); do unset "$name"; done

verbose=0
[ "${1:-}" != -v ] || { verbose=1 && shift; }
passed=0 failed=0 skipped=0 begun=0
scratch=$(mktemp -d)
records=$(mktemp -d -p /dev/shm 2>/dev/null) # of processes that are killed
trap 'rm -rf "$scratch" ${records:+"$records"}' EXIT
[ -z "$records" ] || export XDG_RUNTIME_DIR=$records
export TMP=$scratch/run XDG_CONFIG_HOME=$scratch/no-config

# report NAME EXIT EXPECTED SECONDS: counts one run whose output is in $scratch/out; what takes long is said
report() {
    local took=''
    [ $((SECONDS - begun)) -lt 5 ] || took=", $((SECONDS - begun)) s"
    begun=$SECONDS
    if [ "$2" -eq 77 ] && [ "$3" -ne 77 ]; then
        skipped=$((skipped + 1))
        printf 'skip %s: %s\n' "$1" "$(tail -n 1 "$scratch/out")"
        return
    fi
    if [ "$2" -eq "$3" ]; then
        passed=$((passed + 1))
        printf 'ok   %s%s\n' "$1" "$took"
        [ "$verbose" -eq 0 ] || sed 's/^/     | /' "$scratch/out"
        return
    fi
    failed=$((failed + 1))
    local why="exit $2, expected $3"
    [ "$2" -ne 124 ] && [ "$2" -ne 137 ] || why="stopped after $4 s"
    printf 'FAIL %s: %s\n' "$1" "$why"
    tail -n 40 "$scratch/out" | sed 's/^/     | /'
}

# run_one NAME LABEL WORDS EXPECTED ARGUMENTS LIMIT
run_one() {
    local program=$BUILD/tests/$1 settings=() sim=0 preload="LD_PRELOAD=$LIB" words=() arguments=() word status
    rm -rf "$TMP" && mkdir "$TMP"
    eval "words=($3)"
    eval "arguments=($5)"
    for word in "${words[@]}"; do
        case "$word" in
        "$SIM") sim=1 && continue ;;
        SIMCUDA_*) sim=1 ;;
        LD_PRELOAD=*) preload='' ;;
        esac
        settings+=("$word")
    done
    if [ "$sim" -eq 1 ]; then
        settings=("LD_LIBRARY_PATH=$BUILD/sim" SIMCUDA_STRICT=1 "SIMCUDA_STATE=$TMP/simcuda" AUTOPIN_STAGING=never "${settings[@]}")
    fi
    timeout -k 5 "$6" env ${preload:+"$preload"} "${settings[@]}" "$program" "${arguments[@]}" >"$scratch/out" 2>&1 </dev/null
    status=$?
    report "$1${2:+ ($2)}" "$status" "${4:-0}" "$6"
}

trim() { sed 's/^[[:space:]]*//; s/[[:space:]]*$//' <<<"$1"; }

run_program() {
    local name=$1 runs=tests/preload/$1.runs limit=120 label words expected arguments
    if [ ! -x "$BUILD/tests/$name" ]; then
        echo "was not built" >"$scratch/out"
        report "$name" 1 0 0
        return
    fi
    if [ ! -f "$runs" ]; then
        run_one "$name" '' '' 0 '' 120
        return
    fi
    while IFS='|' read -r label words expected arguments; do
        case "$label" in
        '# timeout '*) limit=$(trim "${label#\# timeout }") && continue ;;
        '#'* | '') continue ;;
        esac
        run_one "$name" "$(trim "$label")" "$words" "$(trim "$expected")" "$arguments" "$limit"
    done <"$runs"
}

run_script() {
    local limit status
    limit=$(sed -n 's/^# timeout \([0-9]*\)$/\1/p' "$1")
    rm -rf "$TMP" && mkdir "$TMP"
    timeout -k 5 "${limit:-120}" "$1" >"$scratch/out" 2>&1 </dev/null
    status=$?
    report "$(basename "$1" .sh)" "$status" 0 "${limit:-120}"
}

wanted() {
    local name=$1 each
    shift
    [ $# -gt 0 ] || return 0
    for each; do [ "$each" != "$name" ] || return 0; done
    return 1
}

for source in tests/preload/t_*.c tests/preload/t_*.cc tests/{preload,bench,clients}/t_*.sh; do
    [ -e "$source" ] || continue
    name=$(basename "${source%.*}")
    wanted "$name" "$@" || continue
    case "$source" in
    *.sh) run_script "$source" ;;
    *) run_program "$name" ;;
    esac
done
printf 'preload: %d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
