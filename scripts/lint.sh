#!/bin/bash
# Layout, bug patterns and shape of the sources; nothing is changed.
#
#   scripts/lint.sh [format|tidy|cppcheck|shell|layering]...        default: all
# shellcheck disable=SC2317 # the lint_ functions are called by name
set -u
cd "$(dirname "$0")/.." || exit 1
status=0

sources() { git ls-files -co --exclude-standard -- "$@"; }

lint_format() {
    sources '*.c' '*.h' '*.cc' | xargs clang-format --dry-run -Werror
}

tidy_some() {
    local output
    output=$(clang-tidy --quiet "$@" -- -std=gnu11 -I. -I"${BUILD:-build}/sim" -Wall -Wextra -fno-builtin 2>&1) ||
        { printf '%s\n' "$output" && return 1; }
}

# Every C file as the Makefile compiles it, one per run (14 mistakes va_list for uninitialised after the first file).  The tests are left out:
# they free, leak and dereference wrongly on purpose.
lint_tidy() {
    export -f tidy_some
    # shellcheck disable=SC2016 # expanded by the inner shell
    sources 'preload/*.c' 'policy/*.c' 'scripts/*.c' 'tests/bench/*.c' 'tests/sim/sim*.c' |
        xargs -P "$(nproc)" -n 1 bash -c 'tidy_some "$@"' tidy
}

# Left out: what needs the whole program (unusedFunction), what needs system headers (missingInclude), and complaints
# about suppressions, since inline ones depend on the configuration under test.
lint_cppcheck() {
    sources 'preload/*.c' 'policy/*.c' 'scripts/command/*.c' 'tests/bench/*.c' 'tests/sim/*.c' |
        xargs cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --enable=warning,performance,portability \
            -j "$(nproc)" --suppress=missingIncludeSystem --suppress=unmatchedSuppression --template=gcc -I .
}

lint_shell() {
    sources '*.sh' .ci/run | xargs shellcheck --severity=warning
}

lint_layering() {
    scripts/check_layering.sh --long
}

[ $# -gt 0 ] || set -- format tidy cppcheck shell layering
for name; do
    printf -- '--- lint: %s\n' "$name"
    "lint_$name" || { echo "lint: $name failed" && status=1; }
done
[ "$status" -ne 0 ] || echo 'lint: ok'
exit "$status"
