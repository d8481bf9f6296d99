#!/bin/bash
# Where no or little address space can be reserved (ulimit -v, valgrind), programs work as without autopin (rule 44); so
# they do after mlockall with a limit on locked memory (rule 46).
set -u
failed=0
wrong() { echo "$1" && failed=1; }
export AUTOPIN_REPORT=off AUTOPIN_PROMOTE=always
tests=$BUILD/tests

# limited KIB PROGRAM...: under that limit of address space, with and without
limited() {
    local kib=$1 plain plain_exit said
    shift
    plain=$(ulimit -v "$kib" && "$@" 2>&1); plain_exit=$?
    said=$(ulimit -v "$kib" && LD_PRELOAD=$LIB "$@" 2>&1)
    [ $? -eq $plain_exit ] && [ "$said" = "$plain" ] || wrong "ulimit -v $kib $*: '$said' instead of '$plain'"
}

for kib in 2097152 1200000 600000 200000; do
    limited $kib "$tests/t_arena_limited"
done
limited 2097152 "$tests/t_malloc_aligned"
limited 1200000 "$tests/t_malloc_aligned"
limited 2097152 "$tests/t_malloc_rule_47_golden"
limited 60000 /bin/bash -c 'echo $((1 + 1))'
if command -v perl >/dev/null; then
    limited 400000 perl -e 'my $s = eval { "x" x 900_000_000 }; print defined $s ? "got it\n" : "no memory\n"'
fi

AUTOPIN_REPORT=$TMP/r.json AUTOPIN_REPORT_EMPTY=yes bash -c 'ulimit -v 600000; LD_PRELOAD=$LIB exec "$BUILD/tests/t_arena_limited"' >/dev/null 2>&1
grep -q 'no address space' "$TMP/r.json" || wrong "the report does not say that there is no arena: $(grep -A3 notes "$TMP/r.json")"

if command -v valgrind >/dev/null; then
    said=$(LD_PRELOAD=$LIB valgrind -q --error-exitcode=9 --trace-children=no "$tests/t_arena_limited" 2>&1)
    [ $? -eq 0 ] && [ "$said" = 'sum 40960' ] || wrong "valgrind: $said"
    said=$(LD_PRELOAD=$LIB valgrind -q --error-exitcode=9 --trace-children=no "$tests/t_malloc_reallocarray" 2>&1) ||
        wrong "valgrind, reallocarray: $said"
else
    echo 'valgrind is not here'
fi
exit $failed
