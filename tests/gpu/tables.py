"""Figures as text, tables and plots, for results.py."""
import os

MIB = 1 << 20


def bytes_text(n):
    for unit, size in (("GiB", 1 << 30), ("MiB", MIB), ("KiB", 1 << 10)):
        if n >= size:
            return f"{n / size:g} {unit}"
    return f"{n} B"


def number(x, digits=1):
    return "" if x is None else f"{x:.{digits}f}"


def over(a, b):
    return a / b if a and b else None


def ratio(a, b):
    return f"{a / b:.2f}x" if a and b else ""


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows] + [""]


def plot(out, gpu, unit, speed, ways):
    """Bandwidth over size, a file for each way; speed: {(label, way, bytes): GB/s}.  Returns notes on what was done."""
    try:
        import matplotlib
        matplotlib.use("svg")
        from matplotlib import pyplot
    except ImportError:
        return ["no plots: there is no matplotlib"]
    notes = []
    for way in ways:
        figure, axes = pyplot.subplots(figsize=(8, 5))
        for label in ("pinned", "registered", "hot", "cold", "pageable", "fresh"):
            points = sorted((size, gbps) for (its, at, size), gbps in speed.items() if (its, at) == (label, way))
            if points:
                axes.plot(*zip(*points), marker="o", label=label)
        axes.set_xscale("log", base=2)
        axes.set_xlabel("bytes")
        axes.set_ylabel(unit)
        axes.set_title(f"{way}, {gpu}")
        axes.legend()
        axes.grid(True, alpha=0.3)
        notes.append(f"plot: bandwidth-{way}.svg")
        figure.savefig(os.path.join(out, f"bandwidth-{way}.svg"))
        pyplot.close(figure)
    return notes
