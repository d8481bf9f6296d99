#!/bin/sh
# Builds the programs of tests/gpu into $BUILD/gpu with the C compiler alone; those of the CUDA runtime (rt_copies_*) need
# a toolkit (CUDA_HOME or nvcc).
#
#   tests/gpu/build.sh [NAME...]      default: all that can be built here; exit 1 if a named one cannot
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
CC=${CC:-cc}
FLAGS='-std=gnu11 -O2 -g -Wall -Wextra -Werror -I.'
mkdir -p "$BUILD/gpu"

toolkit() {
    for home in "${CUDA_HOME:-}" "$(dirname "$(dirname "$(command -v nvcc || echo /nowhere/bin/nvcc)")")" /usr/local/cuda; do
        [ -z "$home" ] || [ ! -e "$home/include/cuda_runtime_api.h" ] || { echo "$home" && return; }
    done
    return 1
}

build() {
    # shellcheck disable=SC2086 # FLAGS is a list
    case "$1" in
    facts) $CC $FLAGS -pthread -o "$BUILD/gpu/facts" tests/gpu/facts*.c ;;
    sweep | costs | weights | latency) $CC $FLAGS -pthread -o "$BUILD/gpu/$1" "tests/gpu/$1.c" ;;
    stage_sweep)
        $CC $FLAGS -pthread -o "$BUILD/gpu/$1" tests/gpu/stage_sweep.c tests/gpu/pipe.c policy/pace.c policy/cost.c \
            preload/stage_move.c
        ;;
    pool_copies) $CC $FLAGS -fno-builtin-malloc -fno-builtin-free -o "$BUILD/gpu/$1" tests/bench/pool_copies.c ;;
    rt_copies_shared)
        home=$(toolkit) || return 1
        $CC $FLAGS -isystem "$home/include" -o "$BUILD/gpu/$1" tests/gpu/rt_copies.c -L"$home/lib64" -lcudart \
            -Wl,-rpath,"$home/lib64"
        ;;
    rt_copies_static)
        home=$(toolkit) || return 1
        $CC $FLAGS -isystem "$home/include" -o "$BUILD/gpu/$1" tests/gpu/rt_copies.c -L"$home/lib64" -lcudart_static \
            -pthread -ldl -lrt
        ;;
    *)
        echo "tests/gpu/build.sh: no program called $1" >&2
        return 1
        ;;
    esac
}

if [ $# -gt 0 ]; then
    for name; do build "$name" || exit 1; done
    exit 0
fi
for name in facts sweep costs weights latency stage_sweep pool_copies; do build $name; done
toolkit >/dev/null || { echo "no CUDA toolkit found: the programs of the runtime are not built" && exit 0; }
build rt_copies_shared
build rt_copies_static
