#!/bin/bash
# title: A process that does nothing
# about: /bin/true with nothing preloaded, with an empty object and with autopin; medians of 300 in turn in each round.
# rounds: 5
# base: empty
# bar: added autopin <= 25
set -eu
. "$(dirname "$0")/lib.sh"
read -r none empty autopin < <("$BUILD/bench/startup" 300 "$BUILD/bench/empty.so" "$LIB")
say start none "$none" us
say start empty "$empty" us
say start autopin "$autopin" us
say added autopin "$(awk -v a="$autopin" -v b="$empty" 'BEGIN { printf "%.1f", a - b }')" us
for variant in none:- "empty:$BUILD/bench/empty.so" "autopin:$LIB"; do
    read -r _ _ rss _ < <("$BUILD/bench/measure" "${variant#*:}" /bin/true)
    say RSS "${variant%%:*}" "$rss" KiB
done
