#!/bin/bash
# Numba copies arrays of all kinds, by streams too, and pins some itself, on the (strict) simulated driver: alike with and
# without the preload.
# timeout 180
. tests/clients/compare.sh
/usr/bin/python3 -c 'import numba' 2>/dev/null || { echo "python3-numba is not installed" && exit 77; }
[ -e "$SIM" ] || { echo "the simulated driver is not built" && exit 77; }

work() { NUMBA_CUDA_DRIVER=$SIM SIMCUDA_STRICT=1 SIMCUDA_STATE=$WORK/simcuda /usr/bin/python3 tests/clients/numba_kinds.py; }

same numba work
compare_result
