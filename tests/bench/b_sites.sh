#!/bin/bash
# title: What call-site tracking costs
# about: Wall time of the same programs alone, under heaptrack (which follows every allocation) and under autopin (which follows large ones, with their call sites).
# rounds: 3
# base: none
# bar: * autopin <= 1x heaptrack
set -eu
. "$(dirname "$0")/lib.sh"
if ! command -v heaptrack >/dev/null; then
    skip 'heaptrack is not installed (Debian: heaptrack)'
fi
one() { # one CASE COMMAND...
    local case=$1 wall
    shift
    read -r wall _ < <("$BUILD/bench/measure" - "$@")
    say "$case" none "$wall" s
    read -r wall _ < <("$BUILD/bench/measure" "$LIB" "$@")
    say "$case" autopin "$wall" s
    command -v heaptrack >/dev/null || return 0
    read -r wall _ < <("$BUILD/bench/measure" - heaptrack -o "$TMP/heaptrack" "$@")
    say "$case" heaptrack "$wall" s
    rm -f "$TMP"/heaptrack*
}
one 'small blocks' "$BUILD/bench/alloc/trees" 3 50000
one 'large blocks' "$BUILD/bench/alloc/churn" 4000 1024 1100
one 'large blocks, cold sites' "$BUILD/bench/alloc/cold" 64 8192
