# shellcheck shell=bash
# What the benches b_*.sh share; they are run by bench.py, which sets BUILD (absolute), LIB, ROUND and TMP (a folder that
# stays from round to round).

say() { # say CASE VARIANT VALUE UNIT: one measured value
    printf '%s\t%s\t%s\t%s\n' "$@"
}

skip() { # skip REASON: says what is not measured, and why
    printf 'skipped\t%s\n' "$1"
}

allocator() { # allocator NAME: the shared object of one of Debian's, or nothing
    local path
    case "$1" in
    jemalloc) set -- /usr/lib/*/libjemalloc.so.2 ;;
    mimalloc) set -- /usr/lib/*/libmimalloc.so.2 ;;
    tcmalloc) set -- /usr/lib/*/libtcmalloc_minimal.so.4 ;;
    esac
    for path; do [ ! -e "$path" ] || { echo "$path" && return; }; done
}

variants() { # one line "VARIANT PRELOAD" for each way to run a program; "-": nothing is preloaded
    local name path
    echo "glibc -"
    echo "autopin $LIB"
    for name in jemalloc mimalloc tcmalloc; do
        path=$(allocator $name)
        [ -n "$path" ] || continue
        echo "$name $path"
        echo "autopin+$name $LIB:$path"
    done
}

with() { # with PRELOAD|- COMMAND...
    local preload=$1
    shift
    if [ "$preload" = - ]; then "$@"; else LD_PRELOAD=$preload "$@"; fi
}
