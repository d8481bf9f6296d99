#!/bin/sh
# Prints the first section of lines for pinning.conf that a report in text ends in, as one would paste it.
#
#   scripts/first_advice.sh REPORT
set -eu
awk '/^  advice  / { on = 1; next }
     on && /^\[/ { n++ }
     on && n == 1 && NF { print }' "$1"
