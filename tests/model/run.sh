#!/bin/bash
# Checks the model of a block's life (block.pml) with spin.
#
#   tests/model/run.sh [--quick | --mutations]
#       --quick       the small configurations only (make check)
#       --mutations   only that spin rejects every mistake of mutations.txt
#
# By default all configurations and all mistakes (make model).
set -u
cd "$(dirname "$0")/../.." || exit 1
model=$PWD/tests/model
work=$(realpath -m "${BUILD:-build}")/model
rm -rf "$work" && mkdir -p "$work"

# Names of states and events: those of policy/block.h, no more and no less.
check_names() {
    local of_code of_model
    of_code=$(sed '/^#/d' policy/block.h | grep -oE '\b(BLOCK|NEXT)_[A-Z]+\b|\bblock_[a-z_]+\(' |
        grep -vE '^block_(word|state)\(' | sort -u)
    of_model=$(sed -n '/^mtype = {/,/^}/p; /^inline block_/p' "$model/block.pml" "$model/block_events.pml" |
        grep -oE '\b(BLOCK|NEXT)_[A-Z]+\b|\bblock_[a-z_]+\(' | sort -u)
    [ "$of_code" = "$of_model" ] && return
    echo 'the names in tests/model and in policy/block.h differ (<: block.h, >: the model):'
    diff <(echo "$of_code") <(echo "$of_model")
    return 1
}

# explore NAME SETTING...: leaves what the verifier said in $work/NAME/out; -O0 compiles faster than it runs slower
explore() {
    local dir=$work/$1 optimize=-O0
    shift
    [ "$kind" != full ] || optimize=-O1
    mkdir -p "$dir" && cd "$dir" || return
    {
        spin "${@/#/-D}" -a "$model/block.pml" &&
            gcc "$optimize" -w -DSAFETY -DCOLLAPSE -DVECTORSZ=2048 -DMEMLIM=6000 -o pan pan.c &&
            ./pan -m1000000 -w22
    } >out 2>&1
}

# A configuration: no error, and all of it was searched.
run_configuration() {
    local name=$1 kind=$2
    shift 2
    explore "$name" "$@"
    if grep -q 'errors: 0$' out && ! grep -qE 'max search depth too small|Search not completed|out of memory' out; then
        printf 'ok   %s: %s states (%s)\n' "$name" "$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' out)" "$*"
        return
    fi
    printf 'FAIL %s (%s)\n' "$name" "$*"
    grep -E 'violated|invalid end state|rror|too small|not completed|memory' out | head -n 5
    printf '     to see how: cd %s && spin -k *.trail -t -p -g %s %s\n' "$PWD" "${*/#/-D}" "$model/block.pml"
    return 1
}

# A mistake: rejected, and for what it breaks.
run_mutation() {
    local name=$1 breaks=$2 kind=quick expected
    shift 2
    case "$breaks" in
    deadlock) expected='invalid end state' ;;
    rest) set -- ONLY=100 "$@" && expected='assertion violated ((100!=100)||' ;;
    *) set -- "ONLY=$breaks" "$@" && expected="assertion violated (($breaks!=$breaks)||" ;;
    esac
    explore "MUT_$name" "MUT_$name" "$@"
    if grep -qF "$expected" out; then
        printf 'ok   %s is rejected: %s\n' "$name" "$breaks"
        return
    fi
    printf 'FAIL %s: not rejected for %s (%s)\n' "$name" "$breaks" "$*"
    grep -E 'violated|invalid end state|errors|rror:' out | head -n 3
    return 1
}

lines() { sed 's/ *|/ /g; /^#/d; /^$/d' "$@"; }

# all COMMAND: once per line of stdin, as many at a time as there are processors
all() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    xargs -P "$(nproc)" -I LINE bash -c 'set -- LINE; "'"$1"'" "$@"'
}

export -f explore run_configuration run_mutation
export model work
{
    check_names && echo 'ok   the names are those of policy/block.h'
    if [ "${1:-}" = --mutations ]; then
        lines "$model/mutations.txt" | all run_mutation
    elif [ "${1:-}" = --quick ]; then
        lines "$model/configurations.txt" | grep -E '^[^ ]+ +quick' | all run_configuration
    else
        lines "$model/configurations.txt" | all run_configuration
        lines "$model/mutations.txt" | all run_mutation
    fi
} 2>&1 | tee "$work/log"
passed=$(grep -c '^ok ' "$work/log")
failed=$(grep -c '^FAIL' "$work/log")
grep -q '^ok   the names' "$work/log" || failed=$((failed + 1))
printf 'model: %d passed, %d failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
