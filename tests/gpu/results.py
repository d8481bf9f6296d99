"""Makes RESULTS-<GPU>.md of what tests/gpu/bench.sh has measured, judges the bars, and plots where there is matplotlib.

usage: results.py OUT        reads OUT/raw, writes OUT/RESULTS-<GPU>.md and OUT/*.svg, and a copy of the former beside
this file unless the figures are modelled.  Every figure is a median of one run; ratios are of medians of the same run."""
import collections
import glob
import json
import os
import re
import statistics
import sys

from tables import MIB, bytes_text, number, over, plot, ratio, table

WAYS = ("h2d", "d2h", "h2d_async", "d2h_async")


class Results:
    def __init__(self, out):
        self.out = out
        self.text, self.bars, self.notes = [], [], []
        self.machine = dict((line.split(" ", 1) + [""])[:2] for line in self.raw("machine"))
        self.gpu = self.machine.get("gpu", "unknown").strip()
        self.modelled = "simulated" in self.gpu

    def raw(self, name):
        try:
            with open(os.path.join(self.out, "raw", name), encoding="utf-8", errors="replace") as file:
                return file.read().splitlines()
        except OSError:
            return []

    def lines(self, name, word):
        """The words of each line that begins with `word`."""
        return [line.split()[1:] for line in self.raw(name) if line.startswith(word + " ")]

    def say(self, *lines):
        self.text.extend(lines)

    def bar(self, name, figures, least):
        """figures: (what, ratio); ratios that could not be had are None."""
        known = [(value, what) for what, value in figures if value]
        if not known:
            self.bars.append((name, "not measured", "", ""))
            return
        met = sum(value >= least for value, _ in known)
        value, what = min(known)
        self.bars.append((name, f"{met} of {len(known)}", f"{value:.2f}x ({what})", "yes" if met == len(known) else "NO"))

    # --- parts

    def sweep(self):
        found = collections.defaultdict(list)
        returns = collections.defaultdict(list)
        for label, way, size, gbps, us, _ in self.lines("sweep", "sweep"):
            found[label, way, int(size)].append(float(gbps))
            returns[label, way, int(size)].append(float(us))
        self.speed = {key: statistics.median(values) for key, values in found.items()}
        returned = {key: statistics.median(values) for key, values in returns.items()}
        self.sizes = sorted({size for _, _, size in self.speed})
        self.say("## Bandwidth by size, GB/s", "")
        if not self.sizes:
            return self.say("Not measured.", "")
        self.say("*pageable*: one buffer from `malloc`, no preload. *hot*: the same under autopin, pinned. *fresh*: ranges never copied",
                 "before, no preload. *cold*: the same under autopin, staged from `staging_min` on. *pinned*: `cuMemHostAlloc`.",
                 "*registered*: `cuMemHostRegister` by hand. Asynchronous ones include the wait for the stream; *returns* is when the",
                 "call returned.", "")
        for way in WAYS:
            rows = []
            for size in self.sizes:
                at = {label: self.speed.get((label, way, size)) for label in
                      ("pageable", "pinned", "registered", "hot", "fresh", "cold")}
                row = [bytes_text(size)] + [number(at[label], 2) for label in ("pageable", "pinned", "registered", "hot")]
                row += [ratio(at["hot"], at["pinned"]), ratio(at["hot"], at["pageable"])]
                row += [number(at["fresh"], 2), number(at["cold"], 2), ratio(at["cold"], at["fresh"]), ratio(at["cold"], at["pinned"])]
                if way.endswith("async"):
                    row += [number(returned.get((label, way, size))) for label in ("pageable", "pinned", "hot", "cold")]
                rows.append(row)
            head = [way, "pageable", "pinned", "registered", "hot", "of pinned", "over pageable", "fresh", "cold", "over fresh", "of pinned"]
            if way.endswith("async"):
                head += [f"{label} returns, us" for label in ("pageable", "pinned", "hot", "cold")]
            self.say(*table(head, rows))
        get = self.speed.get
        cells = [(way, size) for size in self.sizes for way in WAYS]
        self.bar("hot, 1 MiB and more: >= 0.97x pinned by hand",
                 [(f"{way} {bytes_text(size)}", over(get(("hot", way, size)), get(("pinned", way, size)))) for way, size in cells if size >= MIB], 0.97)
        cold = [(way, size) for way, size in cells if size >= 64 * MIB]
        for least, other, name in ((3, "fresh", "pageable"), (0.7, "pinned", "pinned by hand")):
            self.bar(f"cold, 64 MiB and more: >= {least}x {name}",
                     [(f"{way} {bytes_text(size)}", over(get(("cold", way, size)), get((other, way, size)))) for way, size in cold], least)

    def costs(self):
        found = {(kind, int(size)): [float(x) for x in rest] for kind, size, *rest in self.lines("costs", "cost")}
        rows = [[*key, *rest] for key, rest in found.items()]  # the first of the program, which sets things up, is not among them
        self.say("## What page-locking costs, us per MiB", "")
        if not rows:
            return self.say("Not measured.", "")
        self.say("*prepare*: populating or collapsing before; *huge*: how much of the memory lay in huge pages.", "")
        rows.sort(key=lambda row: (row[1], row[0]))
        self.say(*table(["pages", "size", "prepare", "register", "both", "unregister", "huge"],
                        [[kind, bytes_text(size), number(prepare, 1), number(pin, 1), number(prepare + pin, 1), number(unpin, 1), f"{huge:.0f} %"]
                         for kind, size, prepare, pin, unpin, huge in rows]))
        most = max(size for _, size, *_ in rows)
        pin = {kind: (prepare + at, at) for kind, size, prepare, at, *_ in rows if size == most}
        for first, name in (("resident", "resident pages"), ("cold", "untouched pages")):
            threads = [(pin[kind][0], kind) for kind in pin if kind.startswith(first + "_t")]
            if first in pin and threads:
                best, kind = min(threads)
                self.say(f"- Registering in parallel, {name}, {bytes_text(most)}: {kind} takes {best:.1f} us per MiB, one call {pin[first][0]:.1f}:"
                         f" {pin[first][0] / best:.2f}x as fast.")
        for kind, against in (("collapsed", "resident"), ("populated", "cold")):
            if kind in pin and against in pin:
                self.say(f"- {kind} against {against}: {pin[kind][0]:.1f} us per MiB with the preparation, {pin[kind][1]:.1f} without, against"
                         f" {pin[against][0]:.1f}: it {'pays' if pin[kind][0] < pin[against][0] else 'does not pay'}.")
        self.say("")

    def stage(self):
        link = {(way, int(size)): float(gbps) for way, size, gbps in self.lines("stage", "link")}
        shapes = collections.defaultdict(dict)
        plans = {}
        for way, size, threads, chunk, depth, stores, gbps in self.lines("stage", "stage"):
            shapes[way, int(size)][int(threads), int(chunk), int(depth), stores] = float(gbps)
        for way, size, threads, chunk, depth, stores, gbps in self.lines("stage", "plan"):
            plans[way, int(size)] = ((int(threads), int(chunk), int(depth), stores), float(gbps))
        self.shapes = shapes
        self.say("## Staging by hand: chunk, depth, threads", "")
        if not shapes and not plans:
            return self.say("Not measured.", "")

        def text(shape):
            return f"{shape[0]} x {bytes_text(shape[1])} x {shape[2]}" + (", memcpy" if shape[3] == "plain" else "")
        self.say("Shapes are threads x chunk x slots. The plan is that of `policy/pace.c`, fed with what was measured here.", "")
        rows = []
        for key in sorted(set(shapes) | set(plans)):
            best = max(shapes[key].items(), key=lambda item: item[1]) if shapes[key] else (None, None)
            plan = plans.get(key, (None, None))
            rows.append([key[0], bytes_text(key[1]), number(link.get(key)), text(best[0]) if best[0] else "", number(best[1]),
                         text(plan[0]) if plan[0] else "", number(plan[1]), ratio(plan[1], best[1]), ratio(best[1], link.get(key))])
        self.say(*table(["copy", "size", "pinned, GB/s", "best shape", "GB/s", "planned shape", "GB/s", "plan of best", "best of pinned"], rows))
        for (way, size), tried in sorted(shapes.items()):
            if len(tried) < 12:
                continue
            self.say(f"The best {way} of {bytes_text(size)} by one dimension, GB/s:", "")
            for index, name, show in ((0, "threads", str), (1, "chunk", bytes_text), (2, "slots", str), (3, "stores", str)):
                values = sorted({shape[index] for shape in tried})
                self.say(f"- {name}: " + ", ".join(f"{show(v)}: {max(g for s, g in tried.items() if s[index] == v):.1f}" for v in values))
            self.say("")

        speed = {(way, int(size), int(threads)): float(gbps) for threads, way, size, gbps, *_ in self.lines("threads", "sweep")}
        team = sorted({key[2] for key in speed})
        if speed:
            self.say("autopin itself, cold, by `staging_threads`, GB/s:", "")
            self.say(*table(["copy", "size"] + [f"{n} threads" for n in team],
                            [[way, bytes_text(size)] + [number(speed.get((way, size, n))) for n in team]
                             for way, size in sorted({key[:2] for key in speed})]))

    def facts(self):
        lines = [line.split(": ", 1) for line in self.raw("facts") if ": " in line]
        self.say("## What is assumed, and what the driver does", "")
        assumed = [(name[len("assumed_"):], *value.split(": ", 1)) for name, value in lines if name.startswith("assumed_") and ": " in value]
        if not assumed:
            return self.say("Not asked.", "")
        refuted = sum(verdict == "refuted" for _, verdict, _ in assumed)
        self.say(f"{len(assumed) - refuted} confirmed, {refuted} refuted.", "")
        self.say(*table(["assumption", "verdict", "what happened"],
                        sorted(([name, "confirmed" if verdict == "confirmed" else "**REFUTED**", detail] for name, verdict, detail in assumed),
                               key=lambda row: row[1] == "confirmed")))
        self.say("<details><summary>Everything else that was asked</summary>", "", "```")
        self.say(*[": ".join(line) for line in lines if not line[0].startswith("assumed_")], "```", "", "</details>", "")

    def weights(self):
        found, there = collections.defaultdict(list), {}
        size = 0
        for label, state, size, gbps, resident in self.lines("weights", "weights"):
            found[label, state].append(float(gbps))
            there[state] = resident
        speed = {key: statistics.median(values) for key, values in found.items()}
        self.say("## Loading weights from a mapped file, GB/s", "")
        if speed:
            self.say(f"{bytes_text(int(size))} in copies of 64 MiB; mapping and unmapping included."
                     f" Uncached: {there.get('uncached', '?')} % of the file was in the page cache.", "")
            labels = ["plain", "autopin", "double_buffer", "double_buffer_pread"]
            self.say(*table(["way", "cached", "over plain", "uncached", "over plain"],
                            [[label] + sum(([number(speed.get((label, s)), 2), ratio(speed.get((label, s)), speed.get(("plain", s)))]
                                            for s in ("cached", "uncached")), []) for label in labels]))
        else:
            self.say("Not measured.", "")
        self.bar("weights from the page cache: >= 3x plain", [("cached", over(speed.get(("autopin", "cached")), speed.get(("plain", "cached"))))], 3)

    def latency(self):
        found = self.lines("latency", "latency")
        self.say("## Other threads while a large block is pinned, us", "")
        if not found:
            return self.say("Not measured.", "")
        sizes = {line[0]: int(line[4]) for line in found if line[1] == "bytes"}
        took = ", ".join(f"{label} {phase} {float(ms):.0f} ms ({bytes_text(sizes.get(label, 0))})" for label, what, phase, _, ms, *_ in found if what == "took")
        self.say(f"Took: {took}. *whole*: one `cuMemHostRegister`; *pieces*: of 256 MiB.", "")
        rows = [[what, label, phase] + rest for label, what, phase, *rest in found if what not in ("took", "bytes")]
        self.say(*table(["call", "pinned by", "phase", "calls", "median", "99 %", "longest"], sorted(rows)))

    def pool(self):
        speed, key = {}, None
        for line in self.raw("pool"):
            words = line.split()
            if words[:2] == ["#", "pool"] and len(words) == 4:
                key = words[2:]
            elif key and len(words) == 2 and not line.startswith("#"):
                speed[key[0], key[1], int(words[0])] = float(words[1])
        self.say("## A new buffer each time, there and back, GB/s", "")
        if not speed:
            return self.say("Not measured.", "")
        rows = []
        for way, mib in sorted({(way, mib) for _, way, mib in speed}):
            pageable, own, ours = (speed.get((label, way, mib)) for label in ("pageable", "own_pool", "autopin"))
            rows.append([way, f"{mib} MiB", number(pageable, 2), number(own, 2), number(ours, 2), ratio(ours, own), ratio(ours, pageable)])
        self.say(*table(["way", "size", "malloc", "pool of pinned buffers", "malloc under autopin", "of the pool", "over malloc"], rows))

    def python(self):
        figures = {}
        for library, label, way, size, figure in self.lines("python", "python"):
            figures[library, way, int(size), label] = float(figure)
        self.say("## Python libraries, GB/s (NVBLAS: GFLOP/s)", "")
        rows = []
        for library, way, size in sorted({key[:3] for key in figures}):
            at = {label: figures.get((library, way, size, label)) for label in ("plain", "autopin", "nvblas_pin")}
            rows.append([library, way, bytes_text(size), number(at["plain"], 2), number(at["autopin"], 2), ratio(at["autopin"], at["plain"]),
                         number(at["nvblas_pin"], 2)])
        self.say(*(table(["library", "way", "size", "plain", "autopin", "gain", "NVBLAS's own pinning"], rows) if rows else ["Not measured.", ""]))

    def reports(self):
        """What autopin itself says that it did: whether hot was hot and cold was staged."""
        share = collections.defaultdict(collections.Counter)
        for path in glob.glob(os.path.join(self.out, "raw", "report.*.json")):
            try:
                with open(path, encoding="utf-8") as file:
                    copies = json.load(file)["copies"]
            except (OSError, ValueError, KeyError):
                continue
            for direction in copies.values():
                for way, count in direction.items():
                    share[os.path.basename(path).split(".")[1]][way] += count["bytes"]
        self.say("## How autopin made these copies", "")
        for label, ways in sorted(share.items()):
            total = sum(ways.values()) or 1
            self.say(f"- {label}: " + ", ".join(f"{way} {100 * n / total:.1f} %" for way, n in ways.most_common() if n) + " of the bytes")
        self.say("")

    # --- the whole

    def write(self):
        for part in (self.sweep, self.costs, self.stage, self.facts, self.weights, self.latency, self.pool, self.python, self.reports):
            part()
        if self.speed:
            self.notes += plot(self.out, self.gpu, "GB/s (modelled)" if self.modelled else "GB/s", self.speed, WAYS)
        for path in sorted(glob.glob(os.path.join(self.out, "raw", "*"))):
            if not path.endswith(".json"):
                self.notes += [line[2:] for line in self.raw(os.path.basename(path)) if line.startswith("# ") and not line.startswith("# pool ")]
        m = self.machine
        head = [f"# Measured on {self.gpu}", "",
                f"`make bench-gpu` at commit {m.get('commit')}. Host: {m.get('cpu') or 'CPU not named'}, {m.get('cores')} cores, {m.get('memory')},"
                f" {m.get('kernel')}, huge pages: {m.get('huge_pages')}. Driver, PCIe generation, width: {m.get('link') or 'not known'}.",
                f"Each figure is a median; bandwidths up to 256 MiB are medians of {m.get('rounds')} rounds in turn. Every ratio is of one run.", ""]
        if self.modelled:
            head += ["**All times are modelled: this is the simulated driver. They say nothing about a GPU.**", ""]
        head += ["## Bars", ""] + table(["bar", "met", "lowest", "met by all"], self.bars)
        tail = ["## Left out, and other notes", ""] + [f"- {note}" for note in dict.fromkeys(self.notes)] + [""]
        name = "RESULTS-" + re.sub(r"[^A-Za-z0-9]+", "-", self.gpu).strip("-") + ".md"
        text = "\n".join(head + self.text + tail)
        places = [self.out] + ([] if self.modelled else [os.path.dirname(os.path.abspath(__file__))])
        for place in places:
            with open(os.path.join(place, name), "w", encoding="utf-8") as file:
                file.write(text)
        print("\n".join(head))
        print(f"bench-gpu: the whole is in {os.path.join(self.out, name)}")


if __name__ == "__main__":
    Results(sys.argv[1]).write()
