"""Ranks exchange large NumPy arrays, which MPI moves from and to the program's own memory; rank 0 prints checksums.

usage: mpirun ... python3 mpi_exchange.py ROUNDS [window]      window: one-sided too, which not every transport can do"""
import sys

import numpy as np
from mpi4py import MPI

world = MPI.COMM_WORLD
rank, size = world.rank, world.size


def checksum(array):
    weights = np.arange(1, 1 + array.size, dtype=np.uint64) % np.uint64(65521)
    return int((array.view(np.uint64) * weights).sum(dtype=np.uint64))


def exchange(i):
    """Sends one array around the ring while another one comes in, then reduces and gathers."""
    count = (1 + i % 5) << 17 | i  # 1 to 5 MiB of float64 and a little
    mine = np.arange(count, dtype=np.float64) * (rank + 1) + i
    theirs = np.empty(count)
    requests = [world.Isend(mine, (rank + 1) % size, i), world.Irecv(theirs, (rank - 1) % size, i)]
    MPI.Request.Waitall(requests)
    assert np.array_equal(theirs, np.arange(count) * ((rank - 1) % size + 1.0) + i)
    total = np.zeros(count)
    world.Allreduce(mine + theirs, total)
    gathered = np.empty(size * count) if rank == 0 else None
    world.Gather(theirs[::-1].copy(), gathered)
    shuffled = np.empty(count // size * size)
    world.Alltoall(np.ascontiguousarray(total[:count // size * size]), shuffled)
    return [checksum(each) for each in (theirs, total, shuffled)] + ([checksum(gathered)] if rank == 0 else [])


def through_window():
    """One-sided: each rank writes into its neighbour's memory, which NumPy allocated."""
    exposed = np.zeros(1 << 18)
    window = MPI.Win.Create(exposed, exposed.itemsize, comm=world)
    window.Fence()
    window.Put(np.full(1 << 18, rank + 0.5), (rank + 1) % size)
    window.Fence()
    window.Free()
    return checksum(exposed)


def main():
    sums = [exchange(i) for i in range(int(sys.argv[1]))] + [through_window() for _ in sys.argv[2:]]
    everybody = world.gather((rank, sums))  # pickled: a message of objects
    large = world.bcast(b"x" * (7 << 20) if rank == 0 else None)
    if rank == 0:
        for each, said in everybody:
            print("rank", each, said, len(large))


main()
