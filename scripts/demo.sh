#!/bin/bash
# Runs real programs that nobody here wrote, first as they are and then under LD_PRELOAD, and shows autopin's report.
#
# With a GPU: a program of the CUDA runtime, or of the driver where there is no nvcc.  Without: Debian's NumPy under the
# mlock backend, and Debian's Numba on the simulated driver, whose figures are modelled and say nothing about a GPU; there
# the advice of the first report is pasted into build/demo/pinning.conf, and a second run shows what that changes.
set -eu
cd "$(dirname "$0")/.."
BUILD=$(realpath "${BUILD:-build}")
LIB=$BUILD/libautopin.so
PYTHON=/usr/bin/python3

title() { printf '\n=== %s\n\n' "$*"; }
show() { # show COMMAND...: prints the command as one would type it, then runs it
    printf '$ %s\n' "${*//$PWD\//}"
    env "$@"
    echo
}

have_gpu() { command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L 2>/dev/null | grep -q '^GPU '; }

demo_gpu() {
    title "$(nvidia-smi -L | head -n 1)"
    if tests/gpu/build.sh rt_copies_shared >/dev/null 2>&1; then
        show "$BUILD/gpu/rt_copies_shared" --bandwidth
        show LD_PRELOAD="$LIB" "$BUILD/gpu/rt_copies_shared" --bandwidth
    else
        echo "(no CUDA toolkit: a program of the driver interface instead)"
        "${MAKE:-make}" --no-print-directory -s bench-programs
        show "$BUILD/bench/hot_copies" malloc 64 50
        show LD_PRELOAD="$LIB" "$BUILD/bench/hot_copies" malloc 64 50
    fi
}

demo_numpy() {
    title 'NumPy, no GPU: every temporary is a new 64 MiB block'
    show "$PYTHON" tests/clients/numpy_temporaries.py
    show AUTOPIN_BACKEND=mlock LD_PRELOAD="$LIB" "$PYTHON" tests/clients/numpy_temporaries.py
}

demo_numba() {
    title 'Numba on the simulated driver, from a report to the line that helps: figures are modelled'
    cat <<'END'
The model: 0.64 GB/s pageable, 4 GB/s pinned.  That is a PCIe 5 card (8 and 50 GB/s) slowed down 12.5 times, so that the
memory of any machine keeps up.  The copies and their order are real, the rates are not.

END
    export NUMBA_CUDA_DRIVER=$BUILD/sim/libcuda.so.1 SIMCUDA_PAGEABLE_GBPS=0.64 SIMCUDA_PINNED_GBPS=4
    local program=tests/clients/numba_batches.py demo=$BUILD/demo
    rm -rf "$demo" && mkdir -p "$demo"
    show "$PYTHON" $program
    show LD_PRELOAD="$LIB" "$PYTHON" $program 2>&1 | tee "$demo/first"
    title 'The first of the lines that it advises, pasted into pinning.conf'
    scripts/first_advice.sh "$demo/first" >"$demo/pinning.conf"
    printf '$ cat %s\n' "${demo#"$PWD"/}/pinning.conf" && cat "$demo/pinning.conf" && echo
    show AUTOPIN_CONF="$demo/pinning.conf" LD_PRELOAD="$LIB" "$PYTHON" $program 2>&1 | tee "$demo/second"
    title 'What that changed'
    for run in first second; do
        printf '%-7s' $run && sed -n 's/^  gain .*; \(.* lost to .*\)/\1/p' "$demo/$run"
    done
}

if have_gpu; then
    demo_gpu
else
    demo_numpy
    demo_numba
fi
