# shellcheck shell=bash
# Sourced by the tests of real programs: a command runs in three ways, and must say and return the same in each.
#
#   plain       without autopin
#   preloaded   with it, as it comes
#   pinning     with it, pinning every block of 64 KiB and more and waiting for it
#
# Each way has a folder of its own, which the command finds as $WORK.
set -u
export LC_ALL=C
compared=0 differed=0

# needs PROGRAM...: skips the test where a program is missing
needs() {
    local program
    for program; do
        command -v "$program" >/dev/null 2>&1 || { echo "$program is not installed" && exit 77; }
    done
}

# in_way WAY COMMAND...: the command may be a shell function; $FIRST and $LAST go before and after autopin in LD_PRELOAD
in_way() (
    export WORK=$TMP/$1
    mkdir -p "$WORK" "$TMP/reports.$1"
    local others="${FIRST:-}${LAST:-}"
    case "$1" in
    plain) [ -z "$others" ] || export LD_PRELOAD="$others" ;;
    *) export LD_PRELOAD="${FIRST:+$FIRST }$LIB${LAST:+ $LAST}" AUTOPIN_REPORT="$TMP/reports.$1/%p.json" AUTOPIN_REPORT_EMPTY=yes ;;
    esac
    [ "$1" != pinning ] || export AUTOPIN_PROMOTE=always AUTOPIN_MIN_SIZE=64K AUTOPIN_PIN_WAIT=yes
    shift
    "$@"
)

# told WAY: the number of reports of that way, of large blocks and of pins in them; a report that is not JSON is an error
told() {
    /usr/bin/python3 - "$TMP/reports.$1" <<'END'
import json
import pathlib
import sys

reports = [json.loads(path.read_text()) for path in pathlib.Path(sys.argv[1]).glob("*.json")]
print(len(reports), sum(r["totals"]["large_blocks"] for r in reports), sum(r["pins"]["pins"] for r in reports))
END
}

# differs TEXT: counts a difference
differs() {
    differed=$((differed + 1))
    echo "differs: $1"
}

# same NAME COMMAND...: three ways at the same time, one result, and something was pinned in the last way unless
# may_pin is no
same() {
    local name=$1 way reports blocks pins
    shift
    rm -rf "$TMP"/{plain,preloaded,pinning} "$TMP"/reports.*
    for way in plain preloaded pinning; do
        {
            in_way "$way" "$@"
            echo "exit $?"
        } >"$TMP/$name.$way" 2>"$TMP/$name.$way.err" </dev/null &
    done
    wait
    for way in plain preloaded pinning; do
        [ "$(tail -n 1 "$TMP/$name.$way")" = "exit 0" ] && cmp -s "$TMP/$name.plain" "$TMP/$name.$way" && continue
        differs "$name, $way"
        diff "$TMP/$name.plain" "$TMP/$name.$way" | head -n 10
        tail -n 10 "$TMP/$name.$way" "$TMP/$name.$way.err"
    done
    read -r reports blocks pins <<<"$(told pinning)"
    echo "$name: $(wc -l <"$TMP/$name.plain") lines; when pinning $reports reports, $blocks large blocks, $pins pins"
    [ "${pins:-0}" -gt 0 ] || [ "${may_pin:-yes}" = no ] || differs "$name: nothing was pinned"
    compared=$((compared + 1))
}

# compare_result: the exit status of the test
compare_result() {
    echo "$compared commands compared, $differed differences"
    [ "$compared" -gt 0 ] && [ "$differed" -eq 0 ]
}
