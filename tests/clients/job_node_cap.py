"""Ranks hold and drop large arrays; what they have locked together, by the kernel's count, is never above the cap.

usage: job_node_cap.py RESULTS CAP_MIB FOLDER      one of the ranks of a job; RESULTS as in job_rank.py, FOLDER: of all ranks"""
import mmap
import os
import pathlib
import random
import struct
import sys
import time

import numpy as np

MIB = 1 << 20
ROUNDS = 12
LIMIT_S = 100


def variable(*names):
    return int(next(os.environ[name] for name in names if name in os.environ))


class Job:
    """Ranks that meet in a file that all of them map: a count of meetings and a number for each."""

    def __init__(self, folder):
        self.rank = variable("OMPI_COMM_WORLD_RANK", "SLURM_PROCID")
        self.size = variable("OMPI_COMM_WORLD_SIZE", "SLURM_NTASKS")
        self.met = 0
        with open(pathlib.Path(folder) / "ranks", "a+b") as file:
            file.truncate(16 * self.size)
            self.memory = mmap.mmap(file.fileno(), 16 * self.size)

    def put(self, place, number):
        struct.pack_into("=Q", self.memory, 16 * self.rank + 8 * place, number)

    def all(self, place):
        return [struct.unpack_from("=Q", self.memory, 16 * rank + 8 * place)[0] for rank in range(self.size)]

    def meet(self):
        until = time.monotonic() + LIMIT_S
        self.met += 1
        self.put(0, self.met)
        while min(self.all(0)) < self.met:
            assert time.monotonic() < until, f"rank {self.rank} was left alone: {self.all(0)}"
            time.sleep(0.001)


def locked():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmLck:"))


def main():
    results, cap, job = pathlib.Path(sys.argv[1]), int(sys.argv[2]) * MIB, Job(sys.argv[3])
    draw = random.Random(job.rank)
    held, most = [], 0
    for _ in range(ROUNDS):
        held = [array for array in held if draw.random() < 0.5]
        held += [np.full(draw.randrange(1, 4) * MIB, 1, dtype=np.int8) for _ in range(3)]
        job.meet()  # from here to the next meeting but one nobody pins
        job.put(1, locked())
        job.meet()
        most = max(most, sum(job.all(1)))
        job.meet()
    right = cap // 2 < most <= cap  # less would prove less than it says
    said = "right" if right else f"{most} bytes were locked at most, the cap is {cap}"
    (results / str(job.rank)).write_text(f"{os.getpid()} {said}\n")
    return not right


sys.exit(main())
