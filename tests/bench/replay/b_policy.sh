#!/bin/bash
# title: Decisions against the best plan in hindsight
# about: The policy's own code and its rivals on 180 traces, over a clock that only counts. Excess: what copies and pins cost beyond the direct copies that nobody can avoid, as a multiple of the best plan's (cap free) or of a bound that no plan can beat (cap binds); felt: the same with the direct copies. All pins are charged in full.
# rounds: 1
# base: fill
# modelled: yes
# bar: cap free: excess, worst autopin <= 2
# bar: cap free: felt, mean autopin <= 1.2
# bar: cap binds: excess, worst autopin <= 2.5
# bar: cap binds: excess, mean autopin <= 1x fill
set -eu
. "$(dirname "$0")/../lib.sh"
cap=''
while read -r line; do
    case "$line" in
    *'does not bind'*) cap='cap free' ;;
    *'cap that binds'*) cap='cap binds' ;;
    esac
    [[ $cap && $line =~ ^(autopin|learning|backgr\.|never|all|fill|after\ [0-9]+)\ +([0-9.]+)\ +([0-9.]+)\ +([0-9.]+)$ ]] || continue
    variant=${BASH_REMATCH[1]}
    say "$cap: excess, mean" "$variant" "${BASH_REMATCH[2]}" x
    say "$cap: excess, worst" "$variant" "${BASH_REMATCH[3]}" x
    say "$cap: felt, mean" "$variant" "${BASH_REMATCH[4]}" x
done < <("$BUILD/replay")
