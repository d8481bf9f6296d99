#!/bin/bash
# Lives that a trace only counts take next to nothing to read and to replay, however many they are; and the replay of them
# is that of the same lives told one by one.
# timeout 120
set -u
cat >"$TMP/conf" <<'CONF'
[limits]
max_pinned = 24M
[site first]
module = m1
promote = always
max_pinned = 9M
[site second]
module = m2
promote = after=2
CONF
/usr/bin/python3 - "$TMP" "$BUILD/autopin-replay" <<'END'
"""Traces as policy/trace_format.h has them, by other code than the library's."""
import random, resource, struct, subprocess, sys
folder, replay = sys.argv[1:]
ALLOC, FREE, COPY, RESIZE, TIME, AGAIN = range(1, 7)
MIB, SITES, BEGIN = 1 << 20, 6, 10**8

class Trace:
    def __init__(self, expanded=False):
        self.events, self.us, self.expanded = [], BEGIN, expanded
        self.event(TIME, 0, BEGIN)
    def event(self, kind, block, amount, dir=0):
        self.events.append(struct.pack("<QQ", kind | dir << 3 | (self.us & (1 << 26) - 1) << 7 | block << 33, amount))
    def alloc(self, block, size, site):
        self.event(ALLOC, block, size | site << 40)
    def again(self, block, size, site, times):
        if not self.expanded:
            return self.event(AGAIN, block, times)
        for _ in range(times):
            self.alloc(block, size, site)
            self.event(FREE, block, 0)
    def write(self, name):
        sites = b"".join(struct.pack("<QIIII", 77 + i, i, 22, 1, 0) + struct.pack("<QQQHHI", i, 2, 3, 2, 0, 0) + b"m%d" % i
                         for i in range(1, SITES))
        machine = struct.pack("<" + "Q" * 20, 125, 80, 20, 120, 80, 25, 3, 0, 2, 1, 0, 0, 146, 259, 10, 1 << 30, 4096, 0, self.us, 1)
        def section(mark, count, data):
            return mark + struct.pack("<IQ", count, len(data)) + data
        with open(f"{folder}/{name}", "wb") as file:
            file.write(b"autopin trace\n\x1a\0" + struct.pack("<IIQQQ", 2, 48, 42, MIB, MIB) + section(b"SITE", SITES - 1, sites) +
                       section(b"EVNT", len(self.events), b"".join(self.events)) + section(b"MACH", 1, machine))

def play(trace, seed):
    """Blocks of classes that they share, copied or not; what is freed may come again many times."""
    draw = random.Random(seed)
    last, lives = {}, set()
    for _ in range(1500):
        block = draw.randrange(12)
        trace.us += draw.randrange(3000)
        if block not in lives:
            if block in last and draw.random() < 0.5:
                trace.again(block, *last[block], draw.choice((1, 2, 3, 40)))
                continue
            if block not in last or draw.random() < 0.3:
                last[block] = draw.choice((2, 4, 4, 8)) * MIB - draw.choice((0, 0, 4096, 65536)), draw.randrange(1, SITES)
            trace.alloc(block, *last[block])
            lives.add(block)
        elif draw.random() < 0.4:
            trace.event(FREE, block, 0)
            lives.remove(block)
        else:
            trace.event(COPY, block, last[block][0] | 300000 << 37, draw.randrange(2))

def run(name, *arguments):
    done = subprocess.run([replay, *arguments, f"{folder}/{name}"], capture_output=True, text=True, timeout=60)
    if done.returncode:
        sys.exit(f"{name}: status {done.returncode}: {done.stderr}")
    return done.stdout

asked = [word for cap in ("0", "6M", "12M", "24M", "40M", "1G") for word in ("--cap", cap)] + ["--conf", f"{folder}/conf"]
for seed in range(20):
    for expanded in False, True:
        trace = Trace(expanded)
        play(trace, seed)
        trace.write(("counted", "told")[expanded])
    counted, told = run("counted", *asked), run("told", *asked)
    if counted != told:
        sys.exit(f"seed {seed}: counted\n{counted}one by one\n{told}")
print(told)
if told.rstrip().endswith("  0 B"):
    sys.exit("nothing was pinned")

trace = Trace()
trace.alloc(9, 2 * MIB, 1)
for _ in range(1000):
    trace.us += 10
    trace.again(9, 2 * MIB, 1, 1 << 16)
trace.write("many")
if f" {1 + 1000 * (1 << 16)} allocations" not in (said := run("many")):
    sys.exit(f"many: {said}")
most_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(f"{most_kib} KiB at most")
sys.exit(most_kib > 200 << 10)
END
