#!/bin/bash
# `autopin top` shows a running process, and ends with it: see top_check.py.
# timeout 120
set -u
XDG_RUNTIME_DIR=$(mktemp -d -p /dev/shm) || { echo 'there is no /dev/shm' && exit 77; }
export XDG_RUNTIME_DIR
trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
/usr/bin/python3 tests/preload/top_check.py
status=$?
# What a test that failed has left running counts for nobody.
for record in "$XDG_RUNTIME_DIR"/autopin/*; do
    name=${record##*/}
    [ $status -eq 0 ] || [ ! -d "/proc/${name%%.*}" ] || kill -9 "${name%%.*}"
done
exit $status
