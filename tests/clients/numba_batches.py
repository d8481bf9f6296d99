"""Batches go to the device from one buffer, which has room for the largest of them and is never filled; results come back.

Works with a GPU's driver or with the simulated one (NUMBA_CUDA_DRIVER=build/sim/libcuda.so.1).  Results go to stdout (they
must not depend on the preload), timing to stderr.
usage: numba_batches.py [STEPS]"""
import statistics
import sys
import time

import numpy as np
from numba import cuda

MIB = 1 << 20


def main():
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    room = np.empty(64 * MIB // 4, dtype=np.float32)
    results = np.zeros(24 * MIB // 4, dtype=np.float32)
    batch = room[:40 * MIB // 4]
    on_device = cuda.device_array(len(batch), dtype=np.float32)
    to_device, to_host = [], []
    wrong = 0
    for step in range(steps):
        batch[:] = step
        batch[::1024] = np.arange(len(batch) // 1024)
        start = time.perf_counter()
        cuda.to_device(batch, to=on_device)
        middle = time.perf_counter()
        on_device[:len(results)].copy_to_host(results)
        end = time.perf_counter()
        to_device.append(middle - start)
        to_host.append(end - middle)
        wrong += not np.array_equal(results, batch[:len(results)])
    print(f"{steps} steps of 40 MiB there and 24 MiB back: checksum {results.sum():.1f},", "WRONG" if wrong else "right")
    for name, taken, mib in (("batches to the device", to_device, 40), ("results to the host", to_host, 24)):
        late = taken[len(taken) // 2:]
        print(f"{name}: {mib * MIB / statistics.median(late) / 1e9:.1f} GB/s (median of the later half)", file=sys.stderr)
    return wrong != 0


sys.exit(main())
