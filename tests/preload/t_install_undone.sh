#!/bin/bash
# `make uninstall` takes away what `make install` brought, its folders too, and nothing else.
set -u
fail() { echo "$1" && exit 1; }
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR PREFIX

# run TARGET VARIABLE=VALUE...
run() { make --no-print-directory -s BUILD="$BUILD" "$@" >"$TMP/out" 2>&1 || fail "make $*: $(tail -n 5 "$TMP/out")"; }

# list FOLDER: what is in it
list() { (cd "$1" && find . -mindepth 1 | sort | tr '\n' ' '); }

mkdir "$TMP/stage"
for prefix in /usr/local /opt/a/b /; do
    run install DESTDIR="$TMP/stage" PREFIX=$prefix
    [ -s "$TMP/stage$prefix/lib/libautopin.so" ] && [ -s "$TMP/stage$prefix/share/doc/autopin/examples/pinning.conf.example" ] ||
        fail "$prefix: installed was $(list "$TMP/stage")"
    [ -s "$TMP/stage$prefix/share/man/man1/autopin.1" ] && [ -s "$TMP/stage$prefix/share/bash-completion/completions/autopin" ] ||
        fail "$prefix: installed was $(list "$TMP/stage")"
    library=$("$TMP/stage$prefix/bin/autopin" run -- sh -c 'echo "$LD_PRELOAD"')
    [ "$library" -ef "$TMP/stage$prefix/lib/libautopin.so" ] || fail "$prefix: the command preloads $library"
    run uninstall DESTDIR="$TMP/stage" PREFIX=$prefix
    [ -z "$(list "$TMP/stage")" ] || fail "$prefix: left over: $(list "$TMP/stage")"
    run uninstall DESTDIR="$TMP/stage" PREFIX=$prefix
    [ ! -s "$TMP/out" ] || fail "uninstalled twice: $(cat "$TMP/out")"
done

# What others put there stays, and so do its folders.
run install DESTDIR="$TMP/stage" PREFIX=/usr
touch "$TMP/stage/usr/share/doc/autopin/notes" "$TMP/stage/usr/lib/libother.so"
run uninstall DESTDIR="$TMP/stage" PREFIX=/usr
left=$(list "$TMP/stage")
[ "$left" = "./usr ./usr/lib ./usr/lib/libother.so ./usr/share ./usr/share/doc ./usr/share/doc/autopin ./usr/share/doc/autopin/notes " ] ||
    fail "with files of others: $left"

# Outside a DESTDIR a folder that anybody may have made stays.
mkdir "$TMP/real"
run install PREFIX="$TMP/real"
run uninstall PREFIX="$TMP/real"
[ -z "$(find "$TMP/real" -type f -o -path '*/doc/*')" ] && [ -d "$TMP/real/share/doc" ] && [ -d "$TMP/real/lib" ] ||
    fail "without DESTDIR: $(list "$TMP/real")"
exit 0
