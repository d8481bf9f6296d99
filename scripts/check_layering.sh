#!/bin/bash
# Keeps the shape of the sources: preload/ -> policy/ -> libc headers, never back; small files; small functions.
#
#   scripts/check_layering.sh           fails on a forbidden include, a file over 300 lines, a local path in a file
#   scripts/check_layering.sh --long    also lists functions over 40 lines (a report, not a failure)
set -u
cd "$(dirname "$0")/.." || exit 1
status=0
complain() {
    echo "$*"
    status=1
}

# policy/ knows nothing of hooks, drivers, loaders, unwinders or threads.
while read -r line; do
    [ -z "$line" ] || complain "policy/ must not include this: $line"
done < <(grep -HnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]([^>"]*/)?(preload/|cuda|dlfcn|link\.h|libunwind|unwind|execinfo|pthread|threads\.h)' \
    policy/*.[ch] policy/replay/*.[ch] policy/*.def 2>/dev/null)
while read -r line; do
    [ -z "$line" ] || complain "policy/ includes its own files and libc headers only: $line"
done < <(grep -HnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' policy/*.[ch] policy/replay/*.[ch] 2>/dev/null |
    grep -vE 'include[[:space:]]*"(policy/)?(replay/)?[a-z0-9_]+\.(h|def|inc)"')

# preload/ needs no toolkit, and nothing of the tests.
while read -r line; do
    [ -z "$line" ] || complain "preload/ must not include this: $line"
done < <(grep -HnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"](cuda\.h|cuda_runtime|.*tests/)' preload/*.[chS] 2>/dev/null)

# The command knows the policy, and of preload/ its version alone.
while read -r line; do
    [ -z "$line" ] || complain "scripts/command/ must not include this: $line"
done < <(grep -HnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"](preload/|.*tests/|cuda)' scripts/command/*.[ch] 2>/dev/null |
    grep -vF 'preload/version.h')

files=$(git ls-files -co --exclude-standard -- '*.c' '*.h' '*.cc' '*.S' '*.sh' '*.py' Makefile '.ci/*' 2>/dev/null)
[ -n "$files" ] || files=$(find preload policy tests scripts Makefile -name '*.[chS]' -o -name '*.cc' -o -name '*.sh' -o -name '*.py')
for file in $files; do
    [ -f "$file" ] || continue
    lines=$(wc -l <"$file")
    [ "$lines" -le 300 ] || complain "$file: $lines lines; split it (300 at most)"
done

# No path of somebody's own machine in any file (/home/me and /home/user are examples).
while read -r line; do
    [ -z "$line" ] || complain "a path of one machine: $line"
done < <(git grep -nIE --untracked '(^|[^A-Za-z0-9_.])/(home|Users|root)/[A-Za-z0-9_.-]+' -- . ':!scripts/check_layering.sh' 2>/dev/null |
    grep -vE '/home/(me|user)([^A-Za-z0-9_.-]|$)')

# Function bodies open and close in column 0 (clang-format sees to that).
if [ "${1:-}" = --long ]; then
    awk 'FNR == 1 { inside = 0; head = "" }
         /^[A-Za-z].*\(/ { head = $0 }
         /^{/ { inside = 1; start = FNR }
         /^}/ && inside { inside = 0
             if (head != "" && FNR - start - 1 > 40)
                 printf "%s:%d: %d lines: %s\n", FILENAME, start, FNR - start - 1, head
             head = "" }' preload/*.c policy/*.c policy/replay/*.c scripts/*/*.c 2>/dev/null
fi
[ "$status" -ne 0 ] || echo "layering: ok"
exit "$status"
