#!/bin/bash
# `make install`, `make uninstall` and `make deb`: what lies where, what is left, and that the bare name is enough after both.
#
# The bare name is tried in a root of its own, which lies over the real one for this test alone (overlayfs in a mount
# namespace): there make install and ldconfig, and dpkg, do what they do on a real system.
# timeout 300
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR PREFIX LIBDIR SOURCE_DATE_EPOCH
fail() { echo "$1" && exit 1; }
make_here() { make --no-print-directory -s BUILD="$BUILD" "$@" >"$TMP/out" 2>&1 || fail "make $*: $(tail -n 5 "$TMP/out")"; }
list() { (cd "$1" && find . -type f -printf '%m %P\n' | sort -k 2); }
compare() { diff <(sort -k 2 <<<"$2") <(list "$1") || fail "$3: not what was expected"; }
sources() { # of a clone, or of an unpacked archive
    if [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$(pwd -P)" ]; then
        git ls-files -coz --exclude-standard
    else
        find . \( -name build -o -name .git \) -prune -o -type f -print0
    fi
}
with() { [ ! -e "$1" ] || printf '%s\n' "$2"; } # with SOURCE LINE: the line, where the tree has the source

# expected PREFIX LIBDIR GZ: what an install brings; GZ is .gz where documents are compressed
expected() {
    printf '%s\n' "644 $2/libautopin.so" "644 $1/share/doc/autopin/README.md" "644 $1/share/doc/autopin/changelog$3" \
        "644 $1/share/doc/autopin/copyright" "644 $1/share/doc/autopin/examples/pinning.conf.example" \
        "644 $1/share/man/man5/pinning.conf.5$3" "644 $1/share/man/man7/libautopin.7$3"
    with scripts/command "755 $1/bin/autopin"
    printf '%s\n' "755 $1/libexec/autopin/autopin-replay" "755 $1/share/autopin/page.py" "644 $1/share/autopin/page_plots.py" \
        "644 $1/share/autopin/page_units.py" "644 $1/share/autopin/page.css"
    with scripts/autopin.1 "644 $1/share/man/man1/autopin.1$3"
    with scripts/autopin.bash-completion "644 $1/share/bash-completion/completions/autopin"
}

# --- make install and make uninstall
libdir=usr/lib/$(gcc -print-multiarch)
mkdir "$TMP/stage"
make_here install DESTDIR="$TMP/stage"
compare "$TMP/stage" "$(expected usr/local usr/local/lib '')" "make install"
make_here uninstall DESTDIR="$TMP/stage"
make_here install DESTDIR="$TMP/stage" PREFIX=/usr LIBDIR="/$libdir"
compare "$TMP/stage" "$(expected usr "$libdir" '')" "make install with LIBDIR"
make_here uninstall DESTDIR="$TMP/stage" PREFIX=/usr LIBDIR="/$libdir"
[ -z "$(ls -A "$TMP/stage")" ] || fail "left over: $(find "$TMP/stage")"

# --- make deb, twice from copies of the sources in different places: the same bytes
command -v dpkg-shlibdeps >/dev/null || { echo "dpkg-dev is not installed" && exit 77; }
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Makefile)
export SOURCE_DATE_EPOCH
for copy in one another/below; do
    mkdir -p "$TMP/$copy"
    sources | xargs -0 cp --parents -t "$TMP/$copy"
    (cd "$TMP/$copy" && make --no-print-directory -s -j 2 BUILD=build deb >"$TMP/out" 2>&1) || fail "make deb: $(tail -n 5 "$TMP/out")"
    touch "$TMP/${copy%%/*}"/* # another time
done
deb=$(tail -n 1 "$TMP/out")
cmp "$TMP/one/build/${deb##*/}" "$deb" || fail "two builds differ"

dpkg-deb -x "$deb" "$TMP/unpacked"
compare "$TMP/unpacked" "$(expected usr "$libdir" .gz && echo 644 usr/share/lintian/overrides/autopin)" "make deb"
[ -z "$(find "$TMP/unpacked" -newermt "@$SOURCE_DATE_EPOCH")" ] || fail "files later than SOURCE_DATE_EPOCH"

# says_hello PREFIX...: the bare name works behind the words (chroot ROOT, or env LD_LIBRARY_PATH=)
says_hello() {
    local report
    report=$("$@" env LD_PRELOAD=libautopin.so AUTOPIN_REPORT=text AUTOPIN_REPORT_EMPTY=yes /bin/sh -c 'echo hello' 2>&1)
    [[ $report == hello*autopin:\ sh* ]] || fail "$*: the bare name did not work: $report"
}
not_there() {
    [[ $("$@" env LD_PRELOAD=libautopin.so /bin/true 2>&1) == *"cannot be preloaded"* ]] || fail "$*: it is there all the same"
}

not_there env
says_hello env LD_LIBRARY_PATH="$TMP/unpacked/$libdir"

# in_own_root: installs with make and with dpkg, and removes again, in a root that nobody else sees
in_own_root() {
    local over=$TMP/over root=$TMP/over/root
    mkdir "$over" && mount -t tmpfs none "$over" && mkdir "$over/upper" "$over/work" "$root" &&
        mount -t overlay overlay -o "lowerdir=/,upperdir=$over/upper,workdir=$over/work" "$root" &&
        mount --rbind /dev "$root/dev" && mount -t proc proc "$root/proc" || return 77
    not_there chroot "$root"
    make_here install DESTDIR="$root"
    chroot "$root" ldconfig
    says_hello chroot "$root"
    make -s --no-print-directory BUILD="$BUILD" uninstall DESTDIR="$root"
    chroot "$root" ldconfig
    not_there chroot "$root"

    cp "$deb" "$root/autopin.deb"
    chroot "$root" dpkg --force-depends -i /autopin.deb >"$TMP/out" 2>&1 || fail "dpkg -i: $(tail -n 5 "$TMP/out")"
    says_hello chroot "$root"
    for page in 5:pinning.conf 7:libautopin; do
        [ -e "$root/usr/share/man/man${page%%:*}/${page#*:}.${page%%:*}.gz" ] || fail "no page $page"
    done
    chroot "$root" dpkg -P autopin >"$TMP/out" 2>&1 || fail "dpkg -P: $(tail -n 5 "$TMP/out")"
    not_there chroot "$root"
}
export TMP BUILD deb libdir
export -f in_own_root says_hello not_there make_here fail
unshare -m --propagation private bash -c in_own_root 2>"$TMP/err"
case $? in
0) echo "installed with make and with dpkg in a root of its own" ;;
77) echo "no root of its own ($(head -n 1 "$TMP/err")): tried with LD_LIBRARY_PATH only" ;;
*)
    # Without the right to a mount namespace unshare itself fails.
    unshare -m true 2>/dev/null && fail "in a root of its own: see above $(cat "$TMP/err")"
    echo "no mount namespace: tried with LD_LIBRARY_PATH only"
    ;;
esac

if command -v lintian >/dev/null; then
    lintian --fail-on error,warning --tag-display-limit 0 "$deb" || fail "lintian complains"
else
    echo "lintian is not installed: the package was not looked at"
fi
exit 0
