#!/bin/bash
# Downloads NVIDIA's driver library and its runtime 11.8, which Debian has in the component non-free, and unpacks them into a
# folder; nothing is installed and apt's own state is not touched.  Does nothing when they are there already.
#
#   nvidia_fetch.sh FOLDER      then: FOLDER/lib/libcuda.so.1, FOLDER/lib/libcudart.so.11.0
#                               and FOLDER/lib/libcudart.so.13 if there is a toolkit or pip finds it
set -eu

# runtime_13: from a toolkit of this machine, else as pip has it
runtime_13() {
    local found
    for found in /usr/local/cuda*/lib*/libcudart.so.13; do
        if [ -e "$found" ]; then
            cp -L "$found" lib/libcudart.so.13
            return
        fi
    done
    /usr/bin/python3 -m pip -q download --retries 1 --timeout 20 --no-deps --only-binary :all: -d wheel 'nvidia-cuda-runtime==13.0.*' >/dev/null 2>&1 || return 0
    /usr/bin/python3 -m zipfile -e wheel/nvidia_cuda_runtime-*.whl wheel
    find wheel -name libcudart.so.13 -exec mv {} lib \;
    rm -rf wheel
}

mkdir -p "$1"
cd "$1"
[ ! -e lib/libcudart.so.11.0 ] || [ ! -e lib/libcuda.so.1 ] || exit 0
command -v apt-get >/dev/null && command -v dpkg >/dev/null || { echo 'this system has no apt-get' && exit 77; }
# shellcheck disable=SC1091
[ "$(. /etc/os-release && echo "$ID")" = debian ] || { echo 'this system is not Debian' && exit 77; }

# The machine's own sources of this release, with non-free in the place of main.
# shellcheck disable=SC1091
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
rm -rf apt && mkdir -p apt/parts apt/lists/partial apt/archives/partial unpacked lib
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -e "$file" ] && grep -E "^deb .*[[:space:]]${release}[[:space:]].*\bmain\b" "$file" || true
done | sed -E 's/[[:space:]]main\b.*/ non-free/' >apt/parts/debian.list
for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -e "$file" ] || awk -v RS= -v ORS='\n\n' -v release="$release" '
        $0 ~ "(^|\n)Suites:[^\n]*[ \t]" release "([ \t\n]|$)" && /(^|\n)Components:[^\n]*main/' "$file"
done | sed -E '/^#/d; s/^Components:.*/Components: non-free/' >apt/parts/debian.sources
[ -s apt/parts/debian.list ] || [ -s apt/parts/debian.sources ] || { echo "no source of $release is configured" && exit 77; }

own=(-qq -o "Dir::State=$PWD/apt" -o "Dir::State::Lists=$PWD/apt/lists" -o Dir::State::status=/var/lib/dpkg/status
    -o "Dir::Cache=$PWD/apt" -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$PWD/apt/parts"
    -o Acquire::Languages=none -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=2 -o Acquire::http::Timeout=30)
apt-get "${own[@]}" update >apt/log 2>&1 && apt-get "${own[@]}" download libcuda1 libcudart11.0 >>apt/log 2>&1 ||
    { tail -n 3 apt/log && echo 'the packages cannot be downloaded' && exit 77; }
for package in ./*.deb; do dpkg -x "$package" unpacked; done
rm -rf apt ./*.deb
find unpacked -name 'libcuda.so.*' -type f -exec mv {} lib/libcuda.so.1 \; -o -name 'libcudart.so.*' -type f -exec mv {} lib/libcudart.so.11.0 \;
rm -rf unpacked
[ -e lib/libcudart.so.13 ] || runtime_13
[ -s lib/libcuda.so.1 ] && [ -s lib/libcudart.so.11.0 ]
