#!/bin/bash
# Python's own test suites for mmap, threads, processes and ctypes come to the same results under the preload.
# timeout 300
. tests/clients/compare.sh
ls /usr/lib/python3*/test/test_mmap.py >/dev/null 2>&1 || { echo "libpython3.11-testsuite is not installed" && exit 77; }
runner=$PWD/tests/clients/python_suites.py

# suites WORDS...: each word at the same time, since most of them wait most of the time
suites() {
    local word i=0 status=0 pids=()
    cd "$WORK" || return
    export TMPDIR=$WORK
    for word; do
        i=$((i + 1))
        /usr/bin/python3 "$runner" "$word" >"suite.$i" &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i" || status=1; done
    cat suite.*
    return "$status"
}

# What moves data between processes; what tests only timeouts is left out.
parts=:WithProcessesTestPool.:TestQueue.:WithProcessesTestConnection.:TestSharedMemory.:TestHeap.:WithProcessesTestArray.:TestSharedCTypes.

same suites suites test.test_mmap ctypes.test test.test_thread test.test_threading "test.test_multiprocessing_fork$parts" "test.test_multiprocessing_spawn$parts"
compare_result
