"""Ranks hold and drop large arrays; what they have locked together, by the kernel's count, is never above the cap.

usage: mpirun ... python3 mpi_node_cap.py CAP_MIB"""
import random
import sys

import numpy as np
from mpi4py import MPI

MIB = 1 << 20
ROUNDS = 12


def locked():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmLck:"))


def main():
    world = MPI.COMM_WORLD
    cap = int(sys.argv[1]) * MIB
    draw = random.Random(world.rank)
    held, most = [], 0
    for _ in range(ROUNDS):
        held = [array for array in held if draw.random() < 0.5]
        held += [np.full(draw.randrange(1, 4) * MIB, 1, dtype=np.int8) for _ in range(3)]
        world.Barrier()  # from here to the next one nobody pins
        mine = locked()
        world.Barrier()
        most = max(most, sum(world.allgather(mine)))
    if world.rank == 0:
        print(f"{world.size} ranks had at most {most >> 20} MiB locked together, of {cap >> 20}")
    assert most <= cap, f"{most} bytes, the cap is {cap}"
    assert most > cap // 2, f"at most {most} bytes were locked: this run proves less than it says"


main()
