#!/bin/bash
# The page that is made of a report: it stands alone, says what the report says, whatever names are in that, and can be
# read on screens of both sizes, in light and dark.
# timeout 300
set -eu
/usr/bin/python3 -c 'import matplotlib' 2>/dev/null || { echo "python3-matplotlib is not installed" && exit 77; }
/usr/bin/python3 -c 'import numba' 2>/dev/null || { echo "python3-numba is not installed" && exit 77; }
command -v chromium >/dev/null || { echo "chromium is not installed" && exit 77; }
[ -e "$SIM" ] || { echo "the simulated driver is not built" && exit 77; }
export MPLCONFIGDIR=$TMP/matplotlib PYTHONDONTWRITEBYTECODE=1
check=tests/clients/page_check.py

# numba NAME SETTINGS...: makes $TMP/NAME.json
numba() {
    local name=$1
    shift
    env NUMBA_CUDA_DRIVER="$SIM" SIMCUDA_STRICT=1 SIMCUDA_STATE="$TMP/$name.state" AUTOPIN_REPORT="$TMP/$name.json" "$@" \
        LD_PRELOAD="$LIB" /usr/bin/python3 tests/clients/numba_copies.py 8 8 >/dev/null 2>&1
}

numba staged
numba capped AUTOPIN_MAX_PINNED=20M AUTOPIN_STAGING=never
AUTOPIN_REPORT_EMPTY=yes AUTOPIN_REPORT="$TMP/empty.json" LD_PRELOAD="$LIB" /bin/true
"$check" hostile "$TMP/capped.json" "$TMP/hostile.json"

status=0
for name in staged capped empty hostile; do
    if [ $name = hostile ]; then # what the command would not let through, and a page must bear all the same
        scripts/command/page.py "$TMP/$name.json" -o "$TMP/$name.html"
    else
        "$BUILD/autopin" report "$TMP/$name.json" --html "$TMP/$name.html" || status=1
    fi
    scripts/command/page.py - -o - <"$TMP/$name.json" | cmp - "$TMP/$name.html" || status=1
    "$check" parts "$TMP/$name.json" "$TMP/$name.html" || status=1
done
! grep -nE 'https?:|file:' "$TMP"/{staged,capped,empty}.html || status=1
"$check" look "$TMP" "$TMP"/{staged,capped,empty,hostile}.html || status=1

# What is no report is refused, in one line, and leaves no page behind.
for text in '' '[]' '{"schema": "other"}' '{"schema": "autopin-report-1"}'; do
    printf '%s' "$text" >"$TMP/bad.json"
    if scripts/command/page.py "$TMP/bad.json" -o "$TMP/bad.html" 2>"$TMP/said"; then
        echo "a page was made of '$text'" && status=1
    fi
    [ "$(wc -l <"$TMP/said")" -eq 1 ] || { cat "$TMP/said" && status=1; }
    [ ! -e "$TMP/bad.html" ] || status=1
done

# What is no file is written to, a link such as /dev/stdout too, and not replaced; nothing is left of what cannot be.
ln -s /proc/self/fd/1 "$TMP/link.html" && mkdir "$TMP/folder.html"
"$BUILD/autopin" report "$TMP/staged.json" --html "$TMP/link.html" | cmp - "$TMP/staged.html" || status=1
[ -h "$TMP/link.html" ] || { echo 'a link was replaced' && status=1; }
"$BUILD/autopin" report "$TMP/staged.json" --html "$TMP/folder.html" 2>"$TMP/said" && status=1
grep -q 'folder.html cannot be written: Is a directory$' "$TMP/said" || { cat "$TMP/said" && status=1; }
[ -z "$(find "$TMP" -name '*.tmp')" ] || { find "$TMP" -name '*.tmp' && status=1; }
exit "$status"
