#!/bin/bash
# The policy on traces, over a clock that only counts: deterministic, all times modelled.
#
#   tests/bench/replay/run.sh [--check] [FAMILY]...      --check: fails when a bar is missed
set -u
cd "$(dirname "$0")/../../.." || exit 1
export BUILD=${BUILD:-build}
[ -x "$BUILD/replay" ] || ${MAKE:-make} --no-print-directory -s BUILD="$BUILD" "$BUILD/replay" || exit 1
"$BUILD/replay" "$@"
