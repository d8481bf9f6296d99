#!/bin/bash
# tests/RULES.md and the tests agree: every test it names exists, and every test named after a rule is in it.
#
# A row of its table begins "| NUMBER |"; tests are named in backquotes, by file name without ending or, for Criterion, by
# the test's own name.  A test belongs to rule 7 when rule_07 (or rule_7) is part of its name.
set -u
cd "$(dirname "$0")/.." || exit 1
status=0
complain() {
    echo "$*"
    status=1
}

tests=$({
    find tests -name '*rule_[0-9]*' \( -name '*.c' -o -name '*.cc' -o -name '*.sh' -o -name '*.py' \) -printf '%f\n' | sed 's/\.[a-z]*$//'
    grep -rhoE '^(Test|ParameterizedTest)\([^)]*\)' tests --include='*.c' | sed -nE 's/.*[, (]([A-Za-z0-9_]*rule_[0-9]+[A-Za-z0-9_]*).*/\1/p'
    grep -rhoE '\brule_[0-9]+_[A-Za-z0-9_]+ *\(' tests/sim tests/model 2>/dev/null | tr -d ' ('
} | sort -u)

for test in $tests; do
    grep -q "\`$test\`" tests/RULES.md || complain "tests/RULES.md does not mention $test"
    number=$(sed -E 's/.*rule_0*([0-9]+).*/\1/' <<<"$test")
    grep -qE "^\| *0*$number *\|.*\`$test\`" tests/RULES.md || complain "tests/RULES.md: $test is not in the row of rule $number"
done

# shellcheck disable=SC2016 # backquotes of Markdown
for name in $(grep -E '^\| *[0-9]+ *\|' tests/RULES.md | grep -oE '`[A-Za-z0-9_./-]+`' | tr -d '`' | sort -u); do
    case "$name" in
    */*) [ -e "$name" ] || complain "tests/RULES.md names $name, which does not exist" ;;
    *)
        [ -n "$(find tests -name "$name.*" -print -quit)" ] || grep -rqw --include='*.c' --include='*.cc' --include='*.sh' -- "$name" tests ||
            complain "tests/RULES.md names $name, which does not exist"
        ;;
    esac
done
[ "$status" -ne 0 ] || echo "rules: every test is in its row"
exit "$status"
