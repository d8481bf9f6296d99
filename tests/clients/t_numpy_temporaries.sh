#!/bin/sh
# Debian's NumPy computes the same under the mlock backend as without the preload, and autopin reports at exit.
# timeout 120
set -eu
/usr/bin/python3 -c 'import numpy' 2>/dev/null || { echo "python3-numpy is not installed" && exit 77; }
script=tests/clients/numpy_temporaries.py

/usr/bin/python3 $script 20 >"$TMP/plain" 2>"$TMP/plain.err"
AUTOPIN_BACKEND=mlock AUTOPIN_REPORT="$TMP/report.json" LD_PRELOAD="$LIB" /usr/bin/python3 $script 20 \
    >"$TMP/preloaded" 2>"$TMP/preloaded.err"
cat "$TMP/plain.err" "$TMP/preloaded.err"
diff "$TMP/plain" "$TMP/preloaded"
/usr/bin/python3 -m json.tool "$TMP/report.json" >/dev/null
