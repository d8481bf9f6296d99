#!/bin/bash
# `autopin top` shows a running process, and ends with it: see top_check.py.
# timeout 120
set -u
# In a /dev/shm of its own where that may be: others of this user may have records there.
if [ "${1:-}" != alone ] && unshare -m --propagation private true 2>/dev/null; then
    exec unshare -m --propagation private bash -c 'mount -t tmpfs none /dev/shm && exec "$0" alone' "$0"
fi
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
