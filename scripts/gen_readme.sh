#!/bin/bash
# Keeps what is generated up to date: pinning.conf.example, and in README.md what stands between
#
#   <!-- begin generated: NAME -->   and   <!-- end generated: NAME -->
#
# in the man pages, scripts/autopin.1 and policy/pinning.conf.5, likewise, in comments of their own.
#
#   scripts/gen_readme.sh            writes          scripts/gen_readme.sh --check     fails when something is stale
set -eu
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build}
check=0
[ "${1:-}" != --check ] || check=1
stale=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

section() { # section NAME: what belongs between its markers
    case "$1" in
    options) "$BUILD/gen_options" markdown ;;
    functions) "$BUILD/gen_functions" ;;
    measured) sed '1,/^<!-- begin summary -->$/d; /^<!-- end summary -->$/,$d' tests/bench/RESULTS.md ;;
    *)
        echo "gen_readme.sh: README.md asks for an unknown section: $1" >&2
        return 1
        ;;
    esac
}

update() { # update FILE NEW: replaces FILE, or says that it should be
    cmp -s "$1" "$2" && return
    if [ "$check" -eq 1 ]; then
        echo "$1 is not up to date; run: make docs"
        diff "$1" "$2" | head -n 20 || true
        stale=1
    else
        cat "$2" >"$1"
        echo "$1: updated"
    fi
}

"$BUILD/gen_options" example >"$scratch/example"
update pinning.conf.example "$scratch/example"

"$BUILD/gen_options" man >"$scratch/man"
for page in scripts/autopin.1 policy/pinning.conf.5; do
    awk -v body="$scratch/man" '
        /^\.\\" end generated: options$/ { skip = 0 }
        !skip { print }
        /^\.\\" begin generated: options$/ { skip = 1; while ((getline line < body) > 0) print line }' "$page" >"$scratch/page"
    update "$page" "$scratch/page"
done

if [ ! -f README.md ]; then
    echo "there is no README.md"
    exit 1
fi
for name in options functions measured; do
    if ! grep -q "^<!-- begin generated: $name -->$" README.md || ! grep -q "^<!-- end generated: $name -->$" README.md; then
        echo "README.md has no markers for the section: $name"
        stale=1
        continue
    fi
    section $name >"$scratch/$name"
done
# Blank lines around the section keep every Markdown reader happy.
awk -v dir="$scratch" '
    /^<!-- end generated: .* -->$/ { skip = 0 }
    !skip { print }
    /^<!-- begin generated: .* -->$/ {
        skip = 1
        file = dir "/" $4
        print ""
        while ((getline line < file) > 0) print line
        print ""
    }' README.md >"$scratch/README.md"
update README.md "$scratch/README.md"
exit "$stale"
