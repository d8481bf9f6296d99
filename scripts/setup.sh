#!/bin/sh
# Installs what autopin needs on Debian 12, and nothing when it is already there.
#
#   scripts/setup.sh --build    compile the library          --demo   also run make demo
#   scripts/setup.sh --deb      what --build does, and make deb
#   scripts/setup.sh --check    also run make check          --lint   also run make lint       (default)
#   scripts/setup.sh --bench    what --check does, and make bench     --fuzz   make fuzz
#   scripts/setup.sh --all      everything
#
# Each line of the table: level, package, and the command or file whose presence shows that it is installed.
set -eu

table='
build gcc             gcc
build make            make
build libc6-dev       /usr/include/malloc.h
build uthash-dev      /usr/include/uthash.h
build libinih-dev     /usr/lib/*/libinih.a
build libjansson-dev  /usr/include/jansson.h
build libdw-dev       /usr/include/elfutils/libdwfl.h
build libunwind8      /usr/lib/*/libunwind.so.8
deb   dpkg-dev        dpkg-shlibdeps
demo  python3         /usr/bin/python3
demo  python3-numpy   /usr/lib/python3/dist-packages/numpy
demo  python3-numba   /usr/lib/python3/dist-packages/numba
check g++             g++
check libcriterion-dev /usr/include/criterion/criterion.h
check valgrind        valgrind
check strace          strace
check git             git
check spin            spin
check libjemalloc2    /usr/lib/*/libjemalloc.so.2
check libmimalloc2.0  /usr/lib/*/libmimalloc.so.2
check libtcmalloc-minimal4 /usr/lib/*/libtcmalloc_minimal.so.4
check libpython3.11-testsuite /usr/lib/python3*/test/test_mmap.py
check sqlite3         sqlite3
check redis-tools     redis-check-rdb
check openmpi-bin     mpirun
check python3-mpi4py  /usr/lib/python3/dist-packages/mpi4py
check slurmctld       /usr/sbin/slurmctld
check slurmd          /usr/sbin/slurmd
check munge           /usr/sbin/munged
check gccgo-12        gccgo-12
check openjdk-17-jre-headless java
check ecj             ecj
check nodejs          node
check python3-matplotlib /usr/lib/python3/dist-packages/matplotlib
check chromium        chromium
check lintian         lintian
check python3-jsonschema /usr/lib/python3/dist-packages/jsonschema
bench heaptrack       heaptrack
bench redis-server    redis-server
fuzz  clang           clang
fuzz  libclang-rt-14-dev /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a
lint  clang           clang
lint  clang-format    clang-format
lint  clang-tidy      clang-tidy
lint  cppcheck        cppcheck
lint  shellcheck      shellcheck
'

case "${1:---lint}" in
--build) levels=' build ' ;;
--deb) levels=' build deb ' ;;
--demo) levels=' build demo ' ;;
--check) levels=' build deb demo check ' ;;
--bench) levels=' build deb demo check bench ' ;;
--fuzz) levels=' build fuzz ' ;;
--lint) levels=' build deb demo check lint ' ;;
--all) levels=' build deb demo check bench fuzz lint ' ;;
*)
    echo "usage: $0 [--build | --deb | --demo | --check | --bench | --fuzz | --lint | --all]" >&2
    exit 2
    ;;
esac

present() { # present PROBE: a command's name, or a path that may hold wildcards
    case "$1" in
    /*) for path in $1; do [ -e "$path" ] && return 0; done ;;
    *) command -v "$1" >/dev/null 2>&1 && return 0 ;;
    esac
    return 1
}

missing=''
while read -r level package probe; do
    [ -n "$level" ] || continue
    case "$levels" in *" $level "*) present "$probe" || missing="$missing $package" ;; esac
done <<END
$table
END
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "setup.sh: this system has no apt-get; please install what these Debian packages provide:$missing" >&2
    exit 1
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root=''
elif command -v sudo >/dev/null 2>&1; then
    as_root='sudo env DEBIAN_FRONTEND=noninteractive'
else
    echo "setup.sh: root is needed to install packages (and there is no sudo). As root, run:" >&2
    echo "    apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

echo "setup.sh: installing$missing"
export DEBIAN_FRONTEND=noninteractive
# What is installed here starts no service: the tests start what they need themselves.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
    $as_root chmod 755 $policy
    trap '$as_root rm -f $policy' EXIT
fi
# shellcheck disable=SC2086 # both are lists of words
{
    $as_root apt-get -qq update
    $as_root apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends $missing >/dev/null
}
# Nor at the next boot.
for service in munge slurmctld slurmd redis-server; do
    case "$missing " in
    *" $service "*)
        $as_root deb-systemd-helper disable $service.service >/dev/null 2>&1 || true
        $as_root update-rc.d $service disable >/dev/null 2>&1 || true
        ;;
    esac
done
