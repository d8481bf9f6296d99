#!/bin/bash
# `autopin doctor` says what is and what to change, whatever the driver does to the process that asks it; and what all
# subcommands have in common: help, version, wrong command lines.
set -u
autopin=$BUILD/autopin
failed=0
wrong() { echo "$1" && failed=1; }

# doctor EXPECTED-STATUS PATTERN WORDS...: the command, and a line that is in what it says; - for a status that depends
doctor() {
    local expected=$1 pattern=$2 status
    shift 2
    timeout 30 env "$@" >"$TMP/out" 2>"$TMP/err"
    status=$?
    [ "$expected" = - ] && [ $status -le 1 ] || [ $status -eq "$expected" ] || wrong "$*: status $status: $(cat "$TMP/out" "$TMP/err")"
    grep -Eq -- "$pattern" "$TMP/out" || wrong "$*: /$pattern/ is not in: $(cat "$TMP/out")"
    if grep -q '^CHANGE' "$TMP/out"; then
        [ $status -eq 1 ] || wrong "$*: status $status with something to change"
    else
        [ $status -eq 0 ] || wrong "$*: status $status with nothing to change"
    fi
}

# driver NAME C-TEXT: a libcuda.so.1 in a folder of that name
driver() {
    mkdir "$TMP/$1"
    printf '%s\n' "$2" >"$TMP/$1/driver.c"
    gcc -shared -fPIC -o "$TMP/$1/libcuda.so.1" "$TMP/$1/driver.c" || wrong "$1 cannot be built"
}

doctor - '^good    driver         libcuda.so.1 12.2, 1 device: simulated device' LD_LIBRARY_PATH="$BUILD/sim" "$autopin" doctor
for what in 'locked memory' memory cgroup 'huge pages' NUMA /dev/shm options; do
    grep -Eq "^(good|note|CHANGE) +$what " "$TMP/out" || wrong "there is no line about $what"
done
[ ! -s "$TMP/err" ] || wrong "stderr: $(cat "$TMP/err")"
rest='int cuDriverGetVersion(int *v) { *v = 13020; return 0; } int cuDeviceGetCount(int *n) { *n = 0; return 0; }
int cuDeviceGetName(char *name, int len, int device) { return 1; }'
driver crash "#include <stdlib.h>
int cuInit(unsigned flags) { abort(); } $rest"
driver leaves "#include <unistd.h>
int cuInit(unsigned flags) { _exit(0); } $rest"
driver hangs "#include <unistd.h>
int cuInit(unsigned flags) { for (;;) pause(); } $rest"
driver refuses "int cuInit(unsigned flags) { return 999; } $rest"
driver empty "int cuInit(unsigned flags) { return 0; } $rest"
driver stub 'int nothing;'
mkdir "$TMP/none" && echo 'no library' >"$TMP/none/libcuda.so.1"
doctor 1 '^CHANGE  driver .*ends the process that asks it \(Aborted\)' LD_LIBRARY_PATH="$TMP/crash" "$autopin" doctor
doctor 1 '^CHANGE  driver .*ends the process that asks it \(it exits\)' LD_LIBRARY_PATH="$TMP/leaves" "$autopin" doctor
doctor 1 '^CHANGE  driver .*does not answer within' LD_LIBRARY_PATH="$TMP/hangs" "$autopin" doctor
doctor 1 '^CHANGE  driver .*13.2 cannot start: error 999 of cuInit' LD_LIBRARY_PATH="$TMP/refuses" "$autopin" doctor
grep -q -- '-> nvidia-smi says more' "$TMP/out" || wrong "what to change: $(cat "$TMP/out")"
doctor 1 '^CHANGE  driver .*sees no device' LD_LIBRARY_PATH="$TMP/empty" "$autopin" doctor
doctor 1 '^CHANGE  driver .*lacks functions' LD_LIBRARY_PATH="$TMP/stub" "$autopin" doctor
doctor 1 '^CHANGE  driver .*cannot be loaded: .*(file too short|invalid ELF header)' LD_LIBRARY_PATH="$TMP/none" "$autopin" doctor

doctor 1 '^CHANGE  options        1 complaint' AUTOPIN_MIN_SIZE=3 "$autopin" doctor
grep -q '^autopin: AUTOPIN_MIN_SIZE: ' "$TMP/err" || wrong "the complaint: $(cat "$TMP/err")"
doctor 1 'AUTOPIN_DISABLE' AUTOPIN_DISABLE=1 "$autopin" doctor
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    chmod 755 "$work" && cp "$autopin" "$work/"
    limited="ulimit -l 64 && exec setpriv --reuid 65534 --regid 65534 --clear-groups '$work/autopin' doctor"
    doctor 1 '^CHANGE  locked memory  at most 64.0 KiB' bash -c "$limited"
    cp "$BUILD/sim/libcuda.so.1" "$work/"
    doctor - '^note    locked memory  at most 64.0 KiB; what the driver pins does not count' LD_LIBRARY_PATH="$work" bash -c "$limited"
fi

# What all have in common.
for name in run config report merge doctor; do
    "$autopin" $name --help >"$TMP/out" 2>&1 || wrong "$name --help: status $?"
    head -n 1 "$TMP/out" | grep -q "^usage: autopin $name" || wrong "$name --help: $(head -n 1 "$TMP/out")"
    "$autopin" --help | grep -q "^  $name " || wrong "--help: nothing about $name"
    status=2
    [ $name != run ] || status=125
    "$autopin" $name --nonsense >"$TMP/out" 2>"$TMP/err"
    [ $? -eq $status ] && [ ! -s "$TMP/out" ] && [ "$(grep -c '' "$TMP/err")" -eq 1 ] || wrong "$name --nonsense: $(cat "$TMP/err")"
done
version=$(sed -n 's/^#define AUTOPIN_VERSION "\(.*\)"$/\1/p' preload/version.h)
[ "$("$autopin" --version)" = "autopin $version" ] || wrong "--version: $("$autopin" --version)"
for words in '' rnu --vesion doctor\ word; do
    # shellcheck disable=SC2086 # words
    "$autopin" $words >"$TMP/out" 2>"$TMP/err"
    [ $? -eq 2 ] && [ ! -s "$TMP/out" ] && [ "$(grep -c '' "$TMP/err")" -eq 1 ] || wrong "'$words': $(cat "$TMP/err")"
done
exit $failed
