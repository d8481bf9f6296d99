#!/usr/bin/python3
"""Checks pages that scripts/command/page.py has made.  Called by t_page.sh.

    page_check.py hostile REPORT.json OUT.json     the report with names that mean to be more than names
    page_check.py parts REPORT.json PAGE.html      the page stands alone, is well-formed, and says what the report says
    page_check.py look FOLDER PAGE.html...         in chromium: nothing overlaps, is cut or has to be scrolled sideways;
                                                   and pictures of the first

Exits with 1 and a line for each thing that is wrong."""
import html
import json
import os
import re
import subprocess
import sys
import unicodedata
from html.parser import HTMLParser

VOID = {"meta", "br"}
UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50, "EiB": 2**60, "ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}
AXES = re.compile(r"\((B|[KMGTPE]iB|s|GB/s)\)")
EVIL = ('<script>document.title="x"</script>', '"><img src=x onerror=alert(1)>', "</style></svg><svg onload=alert(1)>",
        "$\\frac{a}$ _$^", "\x1b[31m\u202egnp.exe\x00\n\r\t", "&lt;b&gt;&amp;", "{x}%s%n'`", "]]><!--", "日本語のモジュール",
        "a" * 4000, "javascript:alert(1)", "x y " * 300)

wrong = []


def expect(condition, message):
    if not condition:
        wrong.append(message)


class Page(HTMLParser):
    """Reads a page strictly: each tag that is opened is closed, in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.style = [], [], ""
        self.ids, self.references = [], []
        self.figures, self.rows, self.values, self.pre, self.axes = [], [], [], "", {}
        self.feed(text)
        self.close()
        expect(not self.open, f"not closed: {self.open}")

    def handle_starttag(self, tag, attrs):
        self.element(tag, dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.element(tag, dict(attrs))

    def handle_endtag(self, tag):
        expect(self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}, line {self.getpos()[0]}")
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def element(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs.items():
            expect(not name.startswith("on"), f"<{tag} {name}=...> is a handler")
            if name in ("src", "href", "xlink:href", "srcset", "action", "data", "poster", "background"):
                expect(value.startswith("#"), f"<{tag} {name}={value!r}> leads out of the page")
                self.references.append(value[1:])
            self.references += re.findall(r"url\(#([^)]*)\)", value or "")
            expect("url(" not in re.sub(r"url\(#", "", value or "") or name == "aria-label", f"{name}={value!r}")
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag == "figure":
            self.figures.append({"id": attrs["id"]})
        elif tag == "svg":
            self.figures[-1]["alt"] = attrs.get("aria-label") if attrs.get("role") == "img" else None
        elif tag == "p" and attrs.get("class") == "none" and "figure" in self.open:
            self.figures[-1]["none"] = True
        elif tag == "tr":
            self.rows.append({})
        elif tag == "td":
            self.label = attrs["data-label"]
        elif tag == "data":
            self.values.append([int(attrs["value"]), ""])
            if "td" in self.open:
                self.rows[-1][self.label] = int(attrs["value"])

    def handle_data(self, data):
        last = self.open[-1] if self.open else ""
        if last == "style":
            self.style += data
        elif last == "data":
            self.values[-1][1] += data
        elif last == "pre":
            self.pre += data
        elif last == "text":
            self.axes.setdefault(self.figures[-1]["id"], []).extend(AXES.findall(data))


def check_alone(page, text):
    expect("script" not in page.tags and "iframe" not in page.tags and "img" not in page.tags, "elements that load or run")
    expect(set(page.tags) & {"link", "object", "embed", "base", "form"} == set(), "elements that lead elsewhere")
    expect("@import" not in page.style and "url(" not in page.style, "the style loads something")
    expect("default-src 'none'" in text, "no policy")
    expect(not any(unicodedata.category(c)[0] == "C" and c != "\n" for c in text), "characters that are not for reading")
    expect(len(page.ids) == len(set(page.ids)), f"ids stand twice: {sorted(i for i in page.ids if page.ids.count(i) > 1)[:4]}")
    expect(set(page.references) <= set(page.ids), f"references to nothing: {set(page.references) - set(page.ids)}")


def check_figures(page, report):
    expect([f["id"] for f in page.figures] == ["pinned", "copies", "sites", "bandwidth", "curve"], "figures are missing")
    for figure in page.figures:
        name = figure["id"]
        expect(bool(figure.get("none")) != bool(figure.get("alt")), f"{name}: neither a plot with its text nor why not")
        units = 1 if name in ("sites", "bandwidth") else 2
        expect(figure.get("none") or len(page.axes.get(name, [])) >= units, f"{name}: an axis without a unit")
    ways = [w for d in report["copies"].values() for w in d.values()]
    drawn = {f["id"] for f in page.figures if f.get("alt")}
    over_time = report["history"]["time_ns"]
    told = {"pinned": over_time and report["pinned"]["peak_bytes"], "copies": over_time and sum(w["bytes"] for w in ways),
            "sites": sum(s["saved_ns"] + s["lost_ns"] for s in report["sites"]), "curve": report["curve"]["points"]}
    for name, anything in told.items():
        expect((name in drawn) == bool(anything), f"{name}: drawn without data, or not drawn")


def check_numbers(page, report):
    for value, shown in page.values:
        number, _, unit = shown.replace("−", "-").partition(" ")
        is_near = abs(float(number) * UNITS.get(unit, 1) - value) <= abs(value) * 0.006 if unit else int(number) == value
        expect(is_near, f"{shown} for {value}")
    expect(len(page.rows) == len(report["sites"]) + bool(report["sites"]), "rows of the table")
    for row, site in zip(page.rows[1:], report["sites"]):
        copies = sum(w["copies"] for d in site["copies"].values() for w in d.values())
        expect(row == {"blocks": site["blocks"], "most at once": site["bytes_live_peak"],
                       "page-locked, most": site["pinned_bytes_peak"], "copies": copies, "saved": site["saved_ns"],
                       "lost": site["lost_ns"]}, f"site {site['key']}: {row}")
    for value in (report["pinned"]["cap_bytes"], report["pinned"]["peak_bytes"], report["process"]["duration_ns"]):
        expect(value in (v for v, _ in page.values), f"{value} is not shown")
    plain = all(c.isprintable() or c == "\n" for c in report["pinning_conf"])
    expect(not plain or page.pre.strip() == report["pinning_conf"].strip(), "the advice is not as in the report")


def check_parts(report_path, page_path):
    with open(report_path, encoding="utf-8") as file:
        report = json.load(file)
    with open(page_path, encoding="utf-8") as file:
        text = file.read()
    page = Page(text)
    check_alone(page, text)
    check_figures(page, report)
    check_numbers(page, report)


def make_hostile(report_path, out_path):
    with open(report_path, encoding="utf-8") as file:
        report = json.load(file)
    report["process"].update(program=EVIL[0], command_line=" ".join(EVIL), cause=EVIL[1])
    report["backend"]["driver"] = report["version"] = EVIL[2]
    report["notes"] = list(EVIL[:8])
    report["pinning_conf"] = "\n".join(EVIL)
    report["processes"] = [report["process"]] * 3  # as autopin merge writes it: without a run over time
    report["history"]["time_ns"] = []
    first = report["sites"][0]
    report["sites"] = []
    for i, name in enumerate(EVIL):
        frame = {"module": "/lib/" + name, "module_offset": 1, "function": name, "function_offset": 2}
        report["sites"].append({**first, "key": f"{i:016x}", "stack": [frame] * 3, "saved_ns": first["saved_ns"] + 99 - i,
                                "refused": {name: 3}, "decision": {"refuses": True, "reason": name, "text": name}})
    with open(out_path, "w", encoding="utf-8") as file:
        json.dump(report, file)


# In frames, so that the pages are as they will be read; narrower than the browser's window may be.
FRAME = '<iframe title="%s" srcdoc="%s" style="border:0;display:block;width:%dpx;height:100px;color-scheme:%s"></iframe>'
LOOK = """
const name = (e) => JSON.stringify(e.textContent.trim().slice(0, 40));
function look(frame) {
  const doc = frame.contentDocument, root = doc.documentElement, bad = [];
  frame.style.height = root.scrollHeight + "px";
  if (root.scrollWidth > frame.contentWindow.innerWidth) bad.push("as wide as " + root.scrollWidth);
  for (const svg of doc.querySelectorAll("svg")) {
    const box = svg.getBoundingClientRect(), texts = [...svg.querySelectorAll("text")];
    const boxes = texts.map((t) => t.getBoundingClientRect());
    boxes.forEach((a, i) => {
      if (a.left < box.left - 1 || a.right > box.right + 1 || a.top < box.top - 1 || a.bottom > box.bottom + 1)
        bad.push("cut: " + name(texts[i]));
      boxes.slice(i + 1).forEach((b, j) => {
        if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3)
          bad.push("overlap: " + name(texts[i]) + " " + name(texts[i + 1 + j]));
      });
    });
  }
  for (const e of doc.querySelectorAll("dd,td,pre,h1,h2,figcaption,th,li"))
    if (e.scrollWidth > e.clientWidth + 1) bad.push("sticks out: " + name(e));
  return {page: frame.title, height: root.scrollHeight, plots: doc.querySelectorAll("svg").length, bad: bad};
}
onload = () => {
  const told = document.createElement("p");
  told.hidden = true;
  told.id = "told";
  told.textContent = JSON.stringify([...document.querySelectorAll("iframe")].map(look));
  document.body.append(told);
};"""


def write_frames(folder, shown):
    frames = []
    for path, width, scheme in shown:
        with open(path, encoding="utf-8") as file:
            page = html.escape(file.read())
        frames.append(FRAME % (f"{os.path.basename(path)}, {width} px, {scheme}", page, width, scheme))
    with open(f"{folder}/frame.html", "w", encoding="utf-8") as file:
        file.write(f'<!DOCTYPE html><html><body style="margin:0;overflow:hidden">{"".join(frames)}<script>{LOOK}</script></body></html>')


def chromium(folder, *arguments):
    command = ["chromium", "--headless=new", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-extensions",
               f"--user-data-dir={folder}/browser", "--virtual-time-budget=5000", *arguments, f"file://{folder}/frame.html"]
    if os.geteuid() == 0:
        command.insert(1, "--no-sandbox")
    return subprocess.run(command, env={**os.environ, "HOME": folder}, capture_output=True, text=True, check=False).stdout


def check_picture(folder, path, width, scheme, height):
    from matplotlib.image import imread
    where, picture_path = f"{os.path.basename(path)}, {width} px, {scheme}", f"{path}-{width}-{scheme}.png"
    write_frames(folder, [(path, width, scheme)])
    chromium(folder, f"--window-size={max(width, 500)},{height}", f"--screenshot={picture_path}")
    picture = imread(picture_path)[:, :width, :3]
    expect(picture.shape[0] == height, f"{where}: {picture.shape[0]} of {height} lines")
    expect(picture[-60:].std() > 0.01, f"{where}: no end")
    expect((picture[0, 0].mean() < 0.5) == (scheme == "dark"), f"{where}: background {picture[0, 0]}")
    marked = (abs(picture - picture[0, 0]).max(axis=2) > 0.3).mean()
    expect(0.005 < marked < 0.6, f"{where}: {marked:.3f} of it is not background")


def look(folder, *paths):
    folder = os.path.realpath(folder)
    shown = [(path, width, "light") for path in paths for width in (1200, 420)] + [(paths[0], 420, "dark")]
    write_frames(folder, shown)
    told = re.search(r'<p [^>]*id="told">([^<]*)</p>', chromium(folder, "--dump-dom"))
    told = json.loads(html.unescape(told[1])) if told else []
    expect(len(told) == len(shown), "chromium shows nothing")
    for each in told:
        wrong.extend(f"{each['page']}: {bad}" for bad in each["bad"][:10])
    expect(told and told[0]["plots"] >= 3, "plots are missing")  # what the load leaves to show is not for this test
    for (path, width, scheme), each in zip(shown, told):
        if path == paths[0]:
            check_picture(folder, path, width, scheme, each["height"])


def main(what, *paths):
    if what == "hostile":
        make_hostile(*paths)
    elif what == "parts":
        check_parts(*paths)
    else:
        look(*paths)
    for each in wrong:
        print(f"{paths[-1]}: {each}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
