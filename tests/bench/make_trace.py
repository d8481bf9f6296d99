#!/usr/bin/python3
"""make_trace.py EVENTS FILE: a trace of so many events, as policy/trace_format.h has them: lives of blocks of 2 MiB from 64
sites, 48 of them at once, each allocated, copied there three times, back three times, and freed."""
import struct, sys
import numpy

ALLOC, FREE, COPY = 1, 2, 3
SITES, LIVE, BYTES, DIRECT_NS = 64, 48, 2 << 20, 40000
events, path = int(sys.argv[1]), sys.argv[2]

life = numpy.arange((events + 7) // 8, dtype=numpy.uint64)
block = life % (LIVE + 1) * 32
what, amount = numpy.zeros((2, len(life), 8), numpy.uint64)
for place in range(8):
    kind = ALLOC if place == 0 else FREE if place == 7 else COPY
    back = kind == COPY and place > 3
    time_us = life * 800 + place * 100
    whose = (life + 1) % (LIVE + 1) * 32 if kind == FREE else block  # the oldest
    what[:, place] = kind | back << 3 | time_us % (1 << 26) << 7 | whose << 33
    if kind == ALLOC:
        amount[:, place] = BYTES | (1 + life % SITES) << 40
    elif kind == COPY:
        amount[:, place] = BYTES | DIRECT_NS << 37
what[:LIVE, 7], amount[:LIVE, 7] = what[:LIVE, 6], amount[:LIVE, 6]  # none is older yet
body = numpy.stack([what, amount], 2).reshape(-1, 2)[:events]


def section(name, count, content):
    return struct.pack("<4sIQ", name, count, len(content)) + content


with open(path, "wb") as out:
    out.write(struct.pack("<16sIIQQQ", b"autopin trace\n\x1a", 2, 48, 1, 1 << 20, 128 << 10))
    for number in range(1, SITES + 1):
        out.write(section(b"SITE", 1, struct.pack("<QIIII", 1000 + number, number, 21, 0, 0)))
    for at in range(0, events, 4096):
        out.write(section(b"EVNT", len(body[at:at + 4096]), body[at:at + 4096].tobytes()))
    rates = [125, 110, 20] * 2  # ps per byte: plain, staged, direct
    machine = [*rates, *[1000] * 6, 32, 112, 1, 128 << 20, 4096, 0, events * 100, 0]
    out.write(section(b"MACH", 1, struct.pack("<20Q", *machine)))
