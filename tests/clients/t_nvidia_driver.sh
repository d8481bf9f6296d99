#!/bin/bash
# NVIDIA's own driver library, and its runtimes on it, answer on a machine without a GPU what they answer without autopin:
# every function pointer that a runtime asks for, and every result.
# timeout 180
. tests/clients/compare.sh
nvidia=$BUILD/nvidia/lib
tests/clients/nvidia_fetch.sh "$BUILD/nvidia" || exit
if [ -e /proc/driver/nvidia/version ]; then echo "this machine has a GPU: make check-gpu asks its driver" && exit 77; fi
gcc -std=gnu11 -O1 -g -fno-builtin -o "$TMP/answers" tests/clients/driver_answers.c || exit 1

# As root, the driver would make a device file for the device that is not there.
confined=()
[ "$(id -u)" -ne 0 ] || confined=(setpriv --bounding-set=-mknod)
answers() { LD_LIBRARY_PATH=$nvidia "${confined[@]}" "$TMP/answers" "$@"; }

same driver answers driver tests/data/cudart13_requests.txt
for runtime in "$nvidia"/libcudart.so.*; do
    same "$(basename "$runtime")" answers runtime "$runtime"
done
compare_result
