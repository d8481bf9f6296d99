#!/bin/bash
# rule 36: a process that is killed at any moment leaves a record that a report can be made of, and whose sums agree with
# each other and with what the process itself counted, but for the one operation that each thread was at: see
# record_check.py.  Some of the processes copy, on the simulated driver.
# timeout 240
set -u
XDG_RUNTIME_DIR=$(mktemp -d -p /dev/shm) || { echo 'there is no /dev/shm' && exit 77; }
export XDG_RUNTIME_DIR
trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
/usr/bin/python3 tests/preload/record_check.py killed 100 || exit 1
SIMCUDA_STATE=$TMP/simcuda LD_LIBRARY_PATH=$BUILD/sim SIMCUDA_DATA=0 /usr/bin/python3 tests/preload/record_check.py killed 100
