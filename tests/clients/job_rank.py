"""One rank of a job: fills and sums arrays of 8 MiB, a new one each round, and says its rank, its process and the result.

usage: job_rank.py [ROUNDS]"""
import os
import sys

import numpy as np

COUNT = (8 << 20) // 8


def rank():
    for name in ("OMPI_COMM_WORLD_RANK", "SLURM_PROCID"):
        if name in os.environ:
            return int(os.environ[name])
    return 0


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    mine = rank()
    total = sum(int(np.full(COUNT, mine + i, dtype=np.int64).sum()) for i in range(rounds))
    right = COUNT * (rounds * mine + rounds * (rounds - 1) // 2)
    print("rank", mine, "pid", os.getpid(), "total", total, "right" if total == right else "WRONG", flush=True)
    return total != right


sys.exit(main())
