"""The plots of a page, as SVG that stands in HTML: see page.py.

Each plot is a function of the report that returns (figure, alternative text), or (None, why there is nothing to show).
Colours are stand-ins that become variables of page.css, so that they follow light and dark."""
import io
import re
import warnings

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.ticker import MaxNLocator  # noqa: E402

from page_units import DIRECTIONS, WAYS, byte_unit, rate, shorten, site_text, size, size_class, span, sum_ways, three_digits

WIDTH = 4.3  # inches: what fits on a small screen in readable letters
BARS_MOST = 8
NO_HISTORY = "The report does not tell of the run over time."
WAY_TEXTS = {"direct": "direct (pinned)", "snapshot": "snapshot", "staged": "staged", "plain": "plain (as written)",
             "foreign_staged": "foreign, staged", "foreign": "foreign (as written)"}
NAMES = ("text", "faint", "grid", "saved", "lost", "cap", "pinned") + WAYS
COLOUR = {name: f"#0000{i + 1:02x}" for i, name in enumerate(NAMES)}
STYLE = {
    "svg.hashsalt": "autopin", "svg.fonttype": "none", "text.parse_math": False, "font.size": 9,
    "text.color": COLOUR["text"], "axes.labelcolor": COLOUR["text"], "axes.edgecolor": COLOUR["faint"],
    "xtick.color": COLOUR["faint"], "ytick.color": COLOUR["faint"], "xtick.labelcolor": COLOUR["text"],
    "ytick.labelcolor": COLOUR["text"], "grid.color": COLOUR["grid"], "grid.linewidth": 0.6, "axes.grid": True,
    "axes.axisbelow": True, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False,
    "legend.fontsize": 8.5, "figure.facecolor": "none", "axes.facecolor": "none", "axes.unicode_minus": False,
}


def figure_of(rows, height, **more):
    return pyplot.subplots(rows, 1, figsize=(WIDTH, height), layout="constrained", squeeze=False, **more)


def legend(axes, handles, columns):
    """Above the plot, where it covers nothing."""
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncol=columns, handlelength=1.4,
                columnspacing=1.2, borderpad=0.2, borderaxespad=0.2)


def seconds(ns):
    return [t / 1e9 for t in ns]


def history_of(report):
    """The rows of the history; None where there are none.  Before its first point there was nothing: that was made when
    the first copy ended."""
    history = report.get("history")
    if not history or not history["time_ns"]:
        return None
    first = history["time_ns"][0] - sum_ways({d: {w: {"ns": rows["ns"][0]} for w, rows in ways.items()}
                                              for d, ways in history["copies"].items()}, "ns")

    def row(values, before=0):
        return [before] * 2 + values
    return {"time": seconds([0, max(0, first)] + history["time_ns"]), "pinned": row(history["pinned_bytes"]),
            "cap": row(history["cap_bytes"], history["cap_bytes"][0]),
            "copies": {d: {w: row(history["copies"][d][w]["bytes"]) for w in WAYS} for d, _ in DIRECTIONS}}


def finish_time(axes, time):
    axes.set_xlim(0, time[-1] or 1)
    axes.set_xlabel("time since start (s)")


def plot_pinned(report):
    history, pinned = history_of(report), report["pinned"]
    if not pinned["peak_bytes"]:
        return None, "Nothing was page-locked."
    if not history:
        return None, NO_HISTORY
    cap, peak = pinned["cap_bytes"], pinned["peak_bytes"]
    factor, unit = byte_unit(peak)
    in_sight = cap <= 3 * peak
    figure, ((axes,),) = figure_of(1, 2.9)
    axes.fill_between(history["time"], [b / factor for b in history["pinned"]], step="post", color=COLOUR["pinned"],
                      alpha=0.3, linewidth=0)
    line, = axes.step(history["time"], [b / factor for b in history["pinned"]], where="post", color=COLOUR["pinned"],
                      linewidth=1.6, label="page-locked")
    most = axes.axhline(peak / factor, color=COLOUR["faint"], linewidth=1, linestyle=":", label=f"peak {size(peak)}")
    limit, = axes.plot(history["time"] if in_sight else [], [c / factor for c in history["cap"]] if in_sight else [],
                       color=COLOUR["cap"], linewidth=1.4, linestyle="--", label=f"cap {size(cap)}")
    axes.set_ylim(0, (cap if in_sight else peak) / factor * 1.1)
    axes.set_ylabel(f"page-locked ({unit})")
    finish_time(axes, history["time"])
    legend(axes, [line, most, limit] if in_sight else [line, most], 2)
    return figure, (f"Page-locked memory over {span(report['process']['duration_ns'])}: at most {size(peak)} of a cap of "
                    f"{size(cap)}, {size(pinned['bytes'])} at the end.")


def plot_copies(report):
    history = history_of(report)
    shown = [(d, text) for d, text in DIRECTIONS if any(report["copies"][d][w]["bytes"] for w in WAYS)]
    if not shown:
        return None, "Nothing was copied."
    if not history:
        return None, NO_HISTORY
    factor, unit = byte_unit(max(sum(history["copies"][d][w][-1] for w in WAYS) for d, _ in shown))
    figure, axes_of = figure_of(len(shown), 1.0 + 1.75 * len(shown), sharex=True)
    areas, told = {}, []
    for (axes,), (direction, text) in zip(axes_of, shown):
        ways = [w for w in WAYS if history["copies"][direction][w][-1]] or ["plain"]
        stack = axes.stackplot(history["time"], [[b / factor for b in history["copies"][direction][w]] for w in ways],
                               colors=[COLOUR[w] for w in ways], labels=[WAY_TEXTS[w] for w in ways], linewidth=0)
        areas.update(zip(ways, stack))
        axes.set_ylabel(f"{text} ({unit})")
        axes.set_ylim(bottom=0)
        told.append(f"{text} " + ", ".join(f"{size(history['copies'][direction][w][-1])} {WAY_TEXTS[w]}" for w in ways))
    finish_time(axes_of[-1][0], history["time"])
    legend(axes_of[0][0], [areas[w] for w in WAYS if w in areas], 3)
    return figure, "Bytes copied since the start, by way: " + "; ".join(told) + "."


def bar_label(axes, at, end, text, most):
    axes.text(end + 0.015 * most, at, text, va="center", fontsize=8)


def plot_sites(report):
    sites = [s for s in report["sites"] if s["saved_ns"] + s["lost_ns"]]
    sites.sort(key=lambda s: (-s["saved_ns"] - s["lost_ns"], s["key"]))
    if not sites:
        return None, "No call site has saved or lost time."
    number = {s["key"]: i + 1 for i, s in enumerate(report["sites"])}
    left_out, sites = len(sites[BARS_MOST:]), sites[:BARS_MOST]
    figure, ((axes,),) = figure_of(1, 0.95 + 0.48 * len(sites))
    most = max(s["saved_ns"] + s["lost_ns"] for s in sites) / 1e9
    for at, site in enumerate(sites):
        saved, lost = site["saved_ns"] / 1e9, site["lost_ns"] / 1e9
        axes.barh(at, saved, 0.36, color=COLOUR["saved"], label="saved" if at == 0 else None)
        axes.barh(at, lost, 0.36, left=saved, color=COLOUR["lost"], label="lost" if at == 0 else None)
        axes.text(0.01 * most, at - 0.36, f"{number[site['key']]}: {shorten(site_text(site), 36)}, {size_class(site)}",
                  fontsize=8, va="center")
        bar_label(axes, at, saved + lost, f"{span(site['saved_ns'])} / {span(site['lost_ns'])}", most)
    axes.set_ylim(len(sites) - 0.6, -0.75)
    axes.set_yticks([])
    axes.grid(axis="y", visible=False)
    axes.set_xlim(0, most * 1.48)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("time saved / lost (s)")
    legend(axes, axes.get_legend_handles_labels()[0], 2)
    told = "; ".join(f"{number[s['key']]} {shorten(site_text(s), 100)}: {span(s['saved_ns'])} saved, {span(s['lost_ns'])} lost"
                     for s in sites)
    return figure, f"Call sites by time saved and lost: {told}" + (f"; {left_out} more." if left_out else ".")


def plot_bandwidth(report):
    rows = []
    for direction, text in DIRECTIONS:
        ways = [w for w in reversed(WAYS) if w != "snapshot" and rate(report["copies"][direction][w])]
        rows += [(text if i == 0 else None, w, report["copies"][direction][w]) for i, w in enumerate(ways)]
    if not rows:
        return None, "No copies were timed."
    figure, ((axes,),) = figure_of(1, 0.95 + 0.3 * len(rows) + 0.25 * sum(1 for r in rows if r[0]))
    most = max(rate(count) for _, _, count in rows)
    at, told = 0.0, []
    for heading, way, count in rows:
        if heading:
            at += 0.9
            axes.text(0.01 * most, at - 0.85, heading, fontsize=8.5, weight="bold", va="center")
        axes.barh(at, rate(count), 0.62, color=COLOUR[way], label=WAY_TEXTS[way])
        bar_label(axes, at, rate(count), f"{three_digits(rate(count))} GB/s, {size(count['bytes'])}", most)
        told.append((f"{heading}: " if heading else "") + f"{WAY_TEXTS[way]} {three_digits(rate(count))} GB/s")
        at += 1
    axes.set_ylim(at - 0.4, -0.3)
    axes.set_yticks([])
    axes.grid(axis="y", visible=False)
    axes.set_xlim(0, most * 1.55)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel("bandwidth (GB/s)" + (", modelled" if report["backend"]["simulated"] else ""))
    handles = dict(zip(*reversed(axes.get_legend_handles_labels())))
    legend(axes, list(handles.values()), 3)
    return figure, "Bandwidth of the copies, as the program wrote them and after: " + "; ".join(told) + "."


def plot_curve(report):
    curve = report.get("curve") or {"points": []}
    if not curve["points"]:
        return None, "No call site would save time by being pinned."
    points, knee = curve["points"], curve["points"][curve["knee"]]
    cap = report["pinned"]["cap_bytes"]
    whole = points[-1]["cap_bytes"]
    factor, unit = byte_unit(whole)
    figure, ((axes,),) = figure_of(1, 2.9)
    at, saved = [0] + [p["cap_bytes"] / factor for p in points], [0] + seconds(p["saved_ns"] for p in points)
    axes.plot([0, at[-1]], [0, saved[-1]], color=COLOUR["faint"], linewidth=0.8, linestyle=":")
    line, = axes.plot(at, saved, color=COLOUR["saved"], linewidth=1.6, marker="o", markersize=3.5, label="time saved")
    best, = axes.plot([knee["cap_bytes"] / factor], [knee["saved_ns"] / 1e9], color=COLOUR["lost"], marker="o",
                      markersize=9, markerfacecolor="none", markeredgewidth=1.8, linestyle="none",
                      label=f"knee: {span(knee['saved_ns'])} with {size(knee['cap_bytes'])}")
    in_sight = cap <= 1.2 * whole
    limit, = axes.plot([cap / factor] * 2 if in_sight else [], [0, saved[-1] * 1.08] if in_sight else [],
                       color=COLOUR["cap"], linewidth=1.4, linestyle="--", label=f"cap {size(cap)}")
    axes.set_xlim(0, max(at[-1], cap / factor if in_sight else 0) * 1.05)
    axes.set_ylim(0, saved[-1] * 1.08)
    axes.set_xlabel(f"cap on page-locked memory ({unit})")
    axes.set_ylabel("time saved (s)")
    legend(axes, [line, limit, best] if in_sight else [line, best], 2)
    return figure, (f"Time that would be saved against the cap: {span(points[-1]['saved_ns'])} with {size(whole)}; the knee "
                    f"is at {size(knee['cap_bytes'])}, which save {span(knee['saved_ns'])}.")


def to_svg(figure, name):
    """The figure as an <svg> element: no names from elsewhere, no ids that another plot has."""
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    pyplot.close(figure)
    text = out.getvalue()
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text[text.index("<svg"):], flags=re.S)
    text = re.sub(r' (xmlns(:\w+)?|width|height|version)="[^"]*"', "", text[: text.index(">")]) + text[text.index(">"):]
    text = text.replace("xlink:href=", "href=")
    text = re.sub(r'((?: id=| href=)"#?|url\(#)', rf"\g<1>{name}-", text)
    for colour_name, colour in COLOUR.items():
        text = text.replace(colour + ";", f"var(--{colour_name.replace('_', '-')});")
        text = text.replace(colour + '"', f"var(--{colour_name.replace('_', '-')})\"")
    return text.strip()


PLOTS = (("pinned", "Page-locked memory", plot_pinned), ("copies", "Copies by way", plot_copies),
         ("sites", "Call sites by time saved and lost", plot_sites),
         ("bandwidth", "Bandwidth before and after", plot_bandwidth),
         ("curve", "Time saved against the cap", plot_curve))


def plots(report):
    """(name, heading, SVG or None, alternative text or reason) of each."""
    matplotlib.rcdefaults()
    matplotlib.rcParams.update(STYLE)
    matplotlib.rcParams["backend"] = "svg"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # letters that the font lacks: the reader's has them
        for name, heading, plot in PLOTS:
            figure, text = plot(report)
            yield name, heading, to_svg(figure, name) if figure else None, text
