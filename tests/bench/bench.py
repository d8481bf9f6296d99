#!/usr/bin/python3
"""Runs the benches side by side and writes tests/bench/RESULTS.md, with a plot of each in tests/bench/plots/.

    tests/bench/bench.py [--rounds N] [--minutes N] [NAME...]

Default: all; with names the tables go to stdout and nothing is written.  After so many minutes (10) no bench begins a
second or later round.

A bench is a program tests/bench/b_NAME.* (or tests/bench/FOLDER/b_NAME.*) that measures one round of all its variants and
prints a line "CASE <tab> VARIANT <tab> VALUE <tab> UNIT" for each value, or "skipped <tab> REASON".  It runs once a round,
the rounds of all benches in turn, so that a slow minute of the machine hits all; several values of a round are taken as
several rounds.  A new bench is a new file, and nothing else.  What it finds in its environment: lib.sh.  Its head says:

    # title: what it is about           # about: what is measured, in a sentence or two
    # rounds: N (5)                     # better: less|more (less)       # modelled: yes, when on the simulated driver
    # base: VARIANT that the others are compared with; one called autopin+X is compared with X
    # bar: CASES autopin <=|>=|== NUMBER[x BASE]      CASES: a pattern; x: of the ratio to BASE, else of the value

A ratio is the median over the rounds of the values' ratios, where both have as many; else the ratio of the medians.
"""
import argparse, fnmatch, glob, os, platform, re, statistics, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.realpath(os.path.join(HERE, "../.."))
BUILD = os.path.realpath(os.path.join(ROOT, os.environ.get("BUILD", "build")))
BAR = re.compile(r"(.+?) (autopin\S*|\S+ blocks) (<=|>=|==) ([\d.]+)(?:x (.+))?$")


class Bench:
    def __init__(self, path):
        self.path, self.name = path, re.sub(r"^b_|\.\w+$", "", os.path.basename(path))
        self.head = {"rounds": ["5"], "better": ["less"], "title": [self.name]}
        for key, value in re.findall(r"^# (\w+): (.+)$", open(path, encoding="utf-8").read(), re.M):
            self.head[key] = self.head.get(key, []) + [value] if key == "bar" else [value]
        self.values, self.units, self.notes, self.done = {}, {}, [], 0  # values: case → variant → list

    def get(self, key, default=""):
        return self.head.get(key, [default])[0]

    def run(self, number, folder):
        os.makedirs(os.path.join(folder, self.name), exist_ok=True)
        known = dict(BUILD=BUILD, LIB=os.path.join(BUILD, "libautopin.so"), ROUND=str(number), TMP=os.path.join(folder, self.name))
        done = subprocess.run([self.path], cwd=ROOT, env={**os.environ, **known}, capture_output=True, text=True, check=False)
        self.done += 1
        if done.returncode:
            self.note(f"round {number} failed: {done.stderr.strip().splitlines()[-1:] or done.returncode}")
        for line in done.stdout.splitlines():
            part = line.split("\t")
            if part[0] == "skipped":
                self.note("skipped: " + part[1])
            elif len(part) == 4:
                self.values.setdefault(part[0], {}).setdefault(part[1], []).append(float(part[2]))
                self.units[part[0]] = part[3]

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def base_of(self, variant):
        return variant.split("+", 1)[1] if variant.startswith("autopin+") else self.get("base")

    def ratio(self, case, variant, base):
        a, b = self.values[case].get(variant), self.values[case].get(base)
        if not a or not b:
            return None
        if len(a) == len(b) and all(b):
            return statistics.median(x / y for x, y in zip(a, b))
        below = statistics.median(b)
        return statistics.median(a) / below if below else None

    def bars(self):
        """(what, measured, bar, holds) for each bar, of the case that is nearest to missing it."""
        for text in self.head.get("bar", []):
            match = BAR.match(text)
            if not match:
                sys.exit(f"{self.path}: not understood: bar: {text}")
            cases, variant, sign, limit, base = match.groups()
            found = []
            for case in self.values:
                if fnmatch.fnmatchcase(case, cases) and variant in self.values[case]:
                    value = self.ratio(case, variant, base) if base else statistics.median(self.values[case][variant])
                    if value is not None:
                        found.append((value, case))
            if not found:
                yield self.get("title"), text, "not measured", "", "-"
                continue
            met = [v for v, _ in found if (v <= float(limit) if sign == "<=" else v >= float(limit) if sign == ">=" else v == float(limit))]
            value, case = min(found) if sign == ">=" else max(found)
            unit = "x" if base else " " + self.units[case]
            where = f" ({case}; the worst of {len(found)}, of which {len(met)} hold)" if len(found) > 1 else f" ({case})"
            yield self.get("title"), variant + (f" against {base}" if base else ""), f"{number(value)}{unit}{where}", \
                f"{sign} {limit}{unit}", "yes" if len(met) == len(found) else "NO"

    def table(self):
        variants = list(dict.fromkeys(v for case in self.values.values() for v in case))
        yield "| | " + " | ".join(variants) + " |"
        yield "|---" * (len(variants) + 1) + "|"
        for case, by_variant in self.values.items():
            cells = []
            for variant in variants:
                if variant not in by_variant:
                    cells.append("-")
                    continue
                ratio = self.ratio(case, variant, self.base_of(variant)) if variant != self.base_of(variant) else None
                cells.append(number(statistics.median(by_variant[variant])) + (f" ({ratio:.3f}x)" if ratio else ""))
            unit = self.units[case] + (", modelled" if self.get("modelled") else "")
            yield f"| {case}, {unit} | " + " | ".join(cells) + " |"

    def plot(self, path):
        """Each case's ratio to the base, of all variants."""
        import matplotlib
        matplotlib.use("svg")
        matplotlib.rcParams["svg.hashsalt"] = "autopin"
        from matplotlib import pyplot
        variants = [v for v in dict.fromkeys(v for case in self.values.values() for v in case) if v != self.get("base")]
        cases = [c for c in self.values if any(self.ratio(c, v, self.base_of(v)) for v in variants)]
        if not cases:
            return False
        wide = 0.8 / len(variants)
        figure, axes = pyplot.subplots(figsize=(7, 1.2 + 0.24 * len(cases) * max(2, len(variants)) * 0.6))
        for i, variant in enumerate(variants):
            at = [n + i * wide for n, c in enumerate(cases) if self.ratio(c, variant, self.base_of(variant))]
            ratios = [self.ratio(c, variant, self.base_of(variant)) for c in cases]
            axes.barh(at, [r for r in ratios if r], wide, label=variant)
        axes.set_yticks([n + 0.4 for n in range(len(cases))], cases, fontsize=7)
        axes.invert_yaxis()
        axes.axvline(1, color="black", linewidth=0.8)
        if max(r for c in cases for v in variants if (r := self.ratio(c, v, self.base_of(v)))) > 5:
            axes.set_xscale("log")
        axes.set_xlabel(f"ratio to {self.get('base')} (autopin+X: to X); {self.get('better')} is better"
                        + ("; modelled" if self.get("modelled") else ""), fontsize=8)
        axes.legend(fontsize=7)
        figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
        pyplot.close(figure)
        return True


def number(value):
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def machine():
    def said(*command):
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    cpu = re.search(r"^model name\s*: (.+)$", open("/proc/cpuinfo", encoding="utf-8").read(), re.M)
    memory = int(re.search(r"\d+", open("/proc/meminfo", encoding="utf-8").readline())[0]) / 2**20
    changed = said("git", "status", "--porcelain", "--untracked-files=no", "--", "preload", "policy", "Makefile")
    commit = (said("git", "rev-parse", "--short", "HEAD") or "unknown") + (" and changes" if changed else "")
    return (f"Machine: {cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
            f"{platform.system()} {platform.release()} {platform.machine()}, {said('getconf', 'GNU_LIBC_VERSION')}; "
            f"locked-memory limit {said('bash', '-c', 'ulimit -l')} KiB; load average at the end {os.getloadavg()[1]:.1f} "
            f"(the benches alone make about 2). Commit {commit}.")


def summary(benches):
    yield machine() + "\n\nMedians; ratios are of the same rounds. Where a bar is for several cases, the worst is shown."
    yield ""
    yield "| what | compared | measured | bar | holds |"
    yield "|---|---|---|---|---|"
    for bench in benches:
        modelled = " (modelled)" if bench.get("modelled") else ""
        for title, what, measured, bar, holds in bench.bars():
            yield f"| {title}{modelled} | {what} | {measured} | {bar} | {holds} |"


def write(benches):
    os.makedirs(os.path.join(HERE, "plots"), exist_ok=True)
    lines = ["# Measured results", "", "Written by `make bench`; not to be edited.", "", "<!-- begin summary -->",
             *summary(benches), "<!-- end summary -->"]
    for bench in benches:
        lines += ["", "## " + bench.get("title"), "", f"{bench.get('about')} Rounds: {bench.done}.", ""]
        lines += [note + "." for note in bench.notes] + [""] * bool(bench.notes) + list(bench.table())
        if bench.plot(os.path.join(HERE, "plots", bench.name + ".svg")):
            lines += ["", f"![{bench.get('title')}](plots/{bench.name}.svg)"]
    with open(os.path.join(HERE, "RESULTS.md"), "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    paths = sorted(p for p in glob.glob(HERE + "/b_*") + glob.glob(HERE + "/*/b_*") if os.access(p, os.X_OK))
    benches = [b for b in map(Bench, paths) if not args.names or b.name in args.names]
    if not benches or len(benches) < len(args.names):
        sys.exit("bench.py: no such bench; there are: " + " ".join(Bench(p).name for p in paths))
    for name in [n for n in os.environ if n.startswith(("AUTOPIN_", "SIMCUDA_"))]:
        del os.environ[name]
    os.environ.update(AUTOPIN_REPORT="off", XDG_CONFIG_HOME="/nonexistent")
    rounds = {b: min(args.rounds or 99, int(b.get("rounds"))) for b in benches}
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for i in range(max(rounds.values())):
            for bench in benches:
                if i < rounds[bench] and (i == 0 or time.monotonic() - start < 60 * args.minutes):
                    bench.run(i, folder)
            print(f"round {i + 1} of {max(rounds.values())}, {time.monotonic() - start:.0f} s", file=sys.stderr)
    if not args.names:
        write(benches)
    print("\n".join(summary(benches)))
    for bench in benches if args.names else []:
        print("\n".join(["", bench.get("title"), *bench.notes, *bench.table()]))


main()
