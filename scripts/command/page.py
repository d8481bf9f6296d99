#!/usr/bin/python3
"""Makes one self-contained HTML page of a JSON report of autopin.

    page.py REPORT.json -o PAGE.html

The page names nothing outside itself, runs no script, and is the same each time it is made of the same report.  What
the report says is escaped: it holds paths and names of the program's own choice.  Needs python3-matplotlib."""
import argparse
import html
import json
import os
import sys

from page_units import DIRECTIONS, before_and_after, frame_text, rate_text, source_texts, clean, shorten, site_text, size, size_class, span, sum_ways

SCHEMA = "autopin-report-1"
# Should a mistake ever let something through, the browser still loads nothing and runs nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

LEFT = ' class="left"'


def text(value, most=500):
    return html.escape(shorten(value, most))


def data(value, shown):
    """A figure as people read it, with the report's own number behind it."""
    return f'<data value="{value}">{html.escape(shown)}</data>'


def cell(label, content, left=False):
    return f'<td data-label="{label}"{LEFT if left else ""}>{content}</td>'


def fact(name, content):
    return f"<div><dt>{name}</dt><dd>{content}</dd></div>"


def net_text(gain):
    return ("−" if gain["net_ns"] < 0 else "") + span(abs(gain["net_ns"]))


def head(report):
    process, backend, pinned, gain = report["process"], report["backend"], report["pinned"], report["gain"]
    kind = "times are modelled" if backend["simulated"] else "times are measured"
    yield f"<header><h1>{text(process['program'], 80)} under autopin</h1>"
    yield f'<p class="lead">{text(process["command_line"])}</p>'
    yield '<dl class="facts">'
    known = {"running": "still running", "killed": "killed", "running or killed": "running or killed"}
    ending = known.get(process["cause"], "ended by " + text(process["cause"], 80))
    yield fact("duration", f"{data(process['duration_ns'], span(process['duration_ns']))}, {ending}")
    yield fact("backend", f'{text(backend["name"])} <span class="tag">{kind}</span>')
    yield fact("cap", data(pinned["cap_bytes"], size(pinned["cap_bytes"])))
    yield fact("peak page-locked", data(pinned["peak_bytes"], size(pinned["peak_bytes"])))
    yield fact("saved, less pins", data(gain["net_ns"], net_text(gain)))
    yield fact("lost", data(gain["lost_ns"], span(gain["lost_ns"])))
    yield fact("pins", f"{data(report['pins']['pins'], str(report['pins']['pins']))} in {span(report['pins']['pin_ns'])}")
    if report.get("processes"):
        yield fact("processes", data(len(report["processes"]), str(len(report["processes"]))))
    else:
        yield fact("process", f"{process['pid']}, {text(backend['driver'], 80) or 'no driver'}")
    yield "</dl>"
    if report["notes"]:
        yield '<ul class="notes">' + "".join(f"<li>{text(note)}</li>" for note in report["notes"]) + "</ul>"
    yield "</header>"


def figures(report):
    from page_plots import plots  # here, so that a mistake in the report is told without waiting for matplotlib
    yield '<section><h2>Plots</h2><div class="plots">'
    for name, heading, svg, told in plots(report):
        yield f'<figure id="{name}"><h2>{heading}</h2>'
        if svg:
            yield svg.replace("<svg", f'<svg role="img" aria-label="{text(told, 5000)}"', 1)
            yield f"<figcaption>{caption(name, report)}</figcaption>"
        else:
            yield f'<p class="none">{text(told)}</p>'
        yield "</figure>"
    yield "</div></section>"


def caption(name, report):
    cap = size(report["pinned"]["cap_bytes"])
    return {
        "pinned": f"What autopin held page-locked. The cap on it was {cap}.",
        "copies": "Bytes since the start; each colour is one way. Where only pinned ways grow, nothing is left to gain.",
        "sites": "Beside each bar: time saved / lost. Saved by copies of pinned memory or by page faults avoided; lost to "
                 "copies of memory that was not pinned.",
        "bandwidth": "Beside each bar: bandwidth, and how much was copied that way.",
        "curve": "Call sites in the order of time saved per byte, each pinned as a whole. Beyond the knee a higher cap "
                 f"brings less than before it. The cap was {cap}.",
    }[name] + (" Times are modelled." if report["backend"]["simulated"] and name != "pinned" else "")


def rates(site):
    """Before and after, for each direction that was copied in."""
    rows = [(arrow, *before_and_after(site["copies"][key])) for arrow, (key, _) in zip("→←", DIRECTIONS)
            if sum_ways({key: site["copies"][key]}, "copies")]
    before = "<br>".join(f"{arrow} {rate_text(b)}" for arrow, b, _ in rows) or "–"
    after = "<br>".join(f"{arrow} {rate_text(a)}" for arrow, _, a in rows) or "–"
    return before, after


def site_row(number, site):
    before, after = rates(site)
    copies = sum_ways(site["copies"], "copies")
    stack = "".join(f"<li>{text(frame_text(frame))}{''.join(f'<br>{text(line, 200)}' for line in source_texts(frame))}</li>"
                    for frame in site["stack"])
    where = (f"{number}&ensp;{text(site_text(site), 200)}<details><summary>call stack</summary><ol>{stack}</ol>"
             f"<p>key {text(site['key'])}</p></details>")
    refused = ", ".join(f"{n} x {text(reason)}" for reason, n in site["refused"].items())
    decision = text(site["decision"]["text"]) + (f"<br>refused: {refused}" if refused else "")
    return "<tr>" + "".join((
        cell("call site", where, left=True), cell("size class", f'<span class="whole">≥ {size_class(site)}</span>'),
        cell("blocks", data(site["blocks"], str(site["blocks"]))),
        cell("most at once", data(site["bytes_live_peak"], size(site["bytes_live_peak"]))),
        cell("page-locked, most", data(site["pinned_bytes_peak"], size(site["pinned_bytes_peak"]))),
        cell("copies", data(copies, str(copies))), cell("before", f'<span class="whole">{before}</span>'),
        cell("after", f'<span class="whole">{after}</span>'),
        cell("saved", data(site["saved_ns"], span(site["saved_ns"]))),
        cell("lost", data(site["lost_ns"], span(site["lost_ns"]))),
        cell("decision", f"<span>{decision}</span>"))) + "</tr>"


def table(report):
    yield '<section id="sites-table"><h2>Call sites that allocate large blocks</h2>'
    if not report["sites"]:
        yield '<p class="none">There are none.</p></section>'
        return
    heads = ("call site", "size class", "blocks", "most at once", "page-locked, most", "copies", "before", "after", "saved",
             "lost", "decision")
    columns = "".join(f'<th scope="col"{LEFT if name == heads[0] else ""}>{name}</th>' for name in heads)
    yield f"<table><thead><tr>{columns}</tr></thead><tbody>"
    for number, site in enumerate(report["sites"], 1):
        yield site_row(number, site)
    yield "</tbody></table>"
    yield '<p class="lead">→ to the device, ← to the host; before: as the program wrote it; after: pinned, or else staged.'
    left_out = report["n_sites"] - len(report["sites"])
    yield (f" {left_out} more are not shown." if left_out > 0 else "") + "</p></section>"


def advice(report):
    yield '<section id="advice"><h2>Advice: lines for pinning.conf</h2>'
    if report["pinning_conf"]:
        lines = "\n".join(clean(line) for line in report["pinning_conf"].rstrip("\n").split("\n"))
        yield f"<pre>{html.escape(lines)}\n</pre>"
    else:
        yield '<p class="none">None: nothing would have been worth 1 % of the run.</p>'
    yield "</section>"


def page(report):
    here = os.path.dirname(os.path.realpath(__file__))
    with open(os.path.join(here, "page.css"), encoding="utf-8") as file:
        style = file.read()
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{text(report['process']['program'], 80)} under autopin</title>"
    yield f"<style>\n{style}</style></head><body>"
    for part in (head, figures, table, advice):
        yield from part(report)
    yield f"<footer>autopin {text(report['version'])}, {text(report['schema'])}</footer></body></html>"


def read(path):
    with (sys.stdin if path == "-" else open(path, encoding="utf-8", errors="replace")) as file:
        report = json.load(file)
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        raise ValueError(f"it is no report of autopin ({SCHEMA})")
    return report


def write(path, content):
    """The whole page or none.  What is there and is no file (a device, a link such as /dev/stdout) is not replaced."""
    if path == "-":
        sys.stdout.write(content)
        return
    in_place = os.path.islink(path) or (os.path.exists(path) and not os.path.isfile(path))
    fresh = path if in_place else f"{path}.{os.getpid()}.tmp"
    try:
        with open(fresh, "w", encoding="utf-8") as file:
            file.write(content)
        if not in_place:
            os.replace(fresh, path)
    except OSError as error:
        if not in_place and os.path.exists(fresh):
            os.unlink(fresh)
        sys.exit(f"page.py: {path} cannot be written: {error.strerror}")


def main():
    parser = argparse.ArgumentParser(description="Makes one self-contained HTML page of a JSON report of autopin.")
    parser.add_argument("report", help="REPORT.json, or - for what comes in")
    parser.add_argument("-o", "--output", required=True, help="PAGE.html, or - for what goes out")
    arguments = parser.parse_args()
    try:
        write(arguments.output, "\n".join(page(read(arguments.report))) + "\n")
    except ImportError as error:
        sys.exit(f"page.py: {error}: is python3-matplotlib installed?")
    except (OSError, ValueError) as error:
        sys.exit(f"page.py: {arguments.report}: {error}")
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        sys.exit(f"page.py: {arguments.report}: not as a report should be: {error!r}")


if __name__ == "__main__":
    main()
