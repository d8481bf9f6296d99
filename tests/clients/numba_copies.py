"""Arrays go to the device and back through Numba, which calls the CUDA driver for itself.

Works with a GPU's driver or with the simulated one (NUMBA_CUDA_DRIVER=build/sim/libcuda.so.1).  Results go to stdout (they
must not depend on the preload), timing to stderr.
usage: numba_copies.py [ROUNDS [MIB]]"""
import statistics
import sys
import time

import numpy as np
from numba import cuda


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    mib = int(sys.argv[2]) if len(sys.argv) > 2 else 32
    count = (mib << 20) // 8
    inputs = [np.arange(count, dtype=np.float64) + k for k in range(3)]
    output = np.empty(count)
    on_device = cuda.device_array(count)
    to_device, to_host = [], []
    wrong = 0
    checksum = 0.0
    for i in range(rounds):
        for array in inputs:
            array += 1
            start = time.perf_counter()
            cuda.to_device(array, to=on_device)
            middle = time.perf_counter()
            on_device.copy_to_host(output)
            end = time.perf_counter()
            to_device.append(middle - start)
            to_host.append(end - middle)
            wrong += not np.array_equal(array, output)
            fresh = on_device.copy_to_host()  # a new array that Numba allocates
            wrong += not np.array_equal(array, fresh)
            checksum += float(fresh[i])
    print(f"{rounds} rounds of {len(inputs)} arrays of {mib} MiB: checksum {checksum:.1f},", "WRONG" if wrong else "right")
    for name, taken in (("to the device", to_device), ("to the host", to_host)):
        late = taken[len(taken) // 2:]
        rate = (mib << 20) / statistics.median(late) / 1e9
        print(f"{name}: {rate:.1f} GB/s (median of the later half)", file=sys.stderr)
    return wrong != 0


sys.exit(main())
