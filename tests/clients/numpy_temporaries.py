"""NumPy arithmetic on arrays above glibc's recycling limit of 32 MiB: every temporary is a new 64 MiB block.

Results go to stdout (they must not depend on the preload), timing and page faults to stderr.
usage: numpy_temporaries.py [ROUNDS]"""
import resource
import statistics
import sys
import time

import numpy as np

MIB = 1 << 20
COUNT = 64 * MIB // 8
WARM_UP = 10


def faults():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_minflt + usage.ru_majflt


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    a = np.arange(COUNT, dtype=np.float64)
    b = np.full(COUNT, 0.5)
    c = np.ones(COUNT)
    taken = []
    checksum = 0.0
    faults_before = 0
    for i in range(WARM_UP + rounds):
        if i == WARM_UP:
            faults_before = faults()
        start = time.perf_counter()
        d = a * b + c
        taken.append(time.perf_counter() - start)
        checksum += float(d[i]) + float(d[-1])
        del d
    per_round = (faults() - faults_before) / rounds
    expected = sum(0.5 * i + 1 + 0.5 * (COUNT - 1) + 1 for i in range(WARM_UP + rounds))
    print(f"checksum {checksum:.1f}", "right" if checksum == expected else f"WRONG, should be {expected:.1f}")
    milliseconds = statistics.median(taken[WARM_UP:]) * 1e3
    print(f"a * b + c on 64 MiB arrays: {milliseconds:.1f} ms a round, {per_round:.1f} page faults a round", file=sys.stderr)
    return checksum != expected


sys.exit(main())
