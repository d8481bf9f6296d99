#!/bin/bash
# A free of a pointer into a block is said on stderr with the pointer; and after blocks were freed twice the report's
# counts of live blocks are still right.
set -u
said=$(AUTOPIN_REPORT=off LD_PRELOAD=$LIB "$BUILD/tests/t_malloc_bad_free" interior 2>&1 >/dev/null) || { echo "$said" && exit 1; }
lines=$(grep -c '^autopin: free(0x[0-9a-f]*): not the start of a block' <<<"$said")
[ "$lines" -eq 9 ] || { echo "9 messages expected, $lines came: $said" && exit 1; }

AUTOPIN_REPORT=$TMP/r.json LD_PRELOAD=$LIB "$BUILD/tests/t_malloc_bad_free" twice >/dev/null 2>&1 || exit 1
grep -q '"blocks_live": ' "$TMP/r.json" || { echo 'there is no report of live blocks' && exit 1; }
live=$(grep -o '"\(blocks\|bytes\)_live": [0-9]*' "$TMP/r.json" | grep -v ': 0$')
[ -z "$live" ] || { echo "nothing is live, but the report says: $live" && exit 1; }
