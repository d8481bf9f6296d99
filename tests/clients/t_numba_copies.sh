#!/bin/sh
# Debian's Numba moves the same bytes through the (strict) simulated driver with the preload and without, and autopin
# reports at exit.
# timeout 180
set -eu
/usr/bin/python3 -c 'import numba' 2>/dev/null || { echo "python3-numba is not installed" && exit 77; }
[ -e "$SIM" ] || { echo "the simulated driver is not built" && exit 77; }
script=tests/clients/numba_copies.py
export NUMBA_CUDA_DRIVER="$SIM" SIMCUDA_STRICT=1

SIMCUDA_STATE="$TMP/plain.state" /usr/bin/python3 $script 8 >"$TMP/plain" 2>"$TMP/plain.err"
SIMCUDA_STATE="$TMP/preloaded.state" AUTOPIN_REPORT="$TMP/report.json" LD_PRELOAD="$LIB" /usr/bin/python3 $script 8 \
    >"$TMP/preloaded" 2>"$TMP/preloaded.err"
cat "$TMP/plain.err" "$TMP/preloaded.err"
diff "$TMP/plain" "$TMP/preloaded"
/usr/bin/python3 -m json.tool "$TMP/report.json" >/dev/null
