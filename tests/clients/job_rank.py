"""One rank of a job: fills and sums arrays of 8 MiB, a new one each round, and writes its process and whether the sum is
right to RESULTS/RANK: a launcher may mix what ranks print.

usage: job_rank.py RESULTS [ROUNDS]"""
import os
import pathlib
import sys

import numpy as np

COUNT = (8 << 20) // 8


def rank():
    for name in ("OMPI_COMM_WORLD_RANK", "SLURM_PROCID"):
        if name in os.environ:
            return int(os.environ[name])
    return 0


def main():
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    mine = rank()
    total = sum(int(np.full(COUNT, mine + i, dtype=np.int64).sum()) for i in range(rounds))
    right = COUNT * (rounds * mine + rounds * (rounds - 1) // 2)
    result = "right" if total == right else f"{total} instead of {right}"
    (pathlib.Path(sys.argv[1]) / str(mine)).write_text(f"{os.getpid()} {result}\n")
    return total != right


sys.exit(main())
