#!/bin/bash
# What a child made by a plain clone does over and over, as its parent did, counts as the child's and not as the parent's
# (rule 28).
set -u
AUTOPIN_REPORT=$TMP/r.%p.json AUTOPIN_REPORT_EMPTY=yes LD_PRELOAD=$LIB "$BUILD/tests/t_life_rule_28_pairs" >"$TMP/out" 2>&1 ||
    { cat "$TMP/out" && exit 1; }
told=$(sed -n 's/.*"large_blocks": \([0-9]*\).*/\1/p' "$TMP"/r.*.json | sort -n | paste -sd ' ')
[ "$told" = '100 1000' ] && exit
echo "parent and child served 100 and 1000 blocks; their reports say: $told"
exit 1
