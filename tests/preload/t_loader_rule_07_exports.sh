#!/bin/bash
# The library exports exactly what the table of entry points interposes (rule 7), needs nothing but libc, leaves no name of
# the driver undefined (rule 6), and neither exports nor wants the unwinder (rule 39).
set -u
fail() { echo "$1" && exit 1; }
exported=$(nm -D --defined-only "$LIB" | awk '{print $3}' | sort)
versioned=$(nm -D --defined-only --with-symbol-versions "$LIB" | awk '{print $3}' | grep '@')
[ -z "$versioned" ] || fail "exported with a version, which would not interpose: $versioned"
listed=$(sed -n 's/^ENTRY(\([A-Za-z0-9_]*\), *[A-Z0-9]*, *\(LIBC\|HOOK\|GUARD\),.*/\1/p' preload/entry_points.def | sort)
[ "$(wc -l <<<"$listed")" -gt 60 ] || fail "only $(wc -l <<<"$listed") rows found in entry_points.def"
difference=$(diff <(echo "$listed") <(echo "$exported")) || fail "table and exports differ: $difference"

undefined=$(nm -D --undefined-only "$LIB" | awk '{print $2}')
grep -qx 'cu[A-Z].*' <<<"$undefined" && fail "undefined: $(grep -x 'cu[A-Z].*' <<<"$undefined")"
grep -q '^_\?_\?\(_Unwind\|unw_\|_U\)' <<<"$undefined" && fail "undefined: $(grep '_U\|unw_' <<<"$undefined")"
needed=$(readelf -d "$LIB" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort | tr '\n' ' ')
case $needed in
'libc.so.6 ' | 'ld-linux-x86-64.so.2 libc.so.6 ' | 'ld-linux-aarch64.so.1 libc.so.6 ') ;;
*) fail "NEEDED: $needed" ;;
esac
