#!/usr/bin/python3
"""Validates reports against the schema with python3-jsonschema, and finds the figures of each in the text that `autopin report`
prints of it.

    report_figures.py AUTOPIN SCHEMA REPORT...
    report_figures.py --refused AUTOPIN SCHEMA REPORT...    the schema must refuse each
    report_figures.py --text FILE AUTOPIN SCHEMA REPORT     the text is in FILE

The lines are written here anew, from the figures in JSON and by the words of policy/sink.h; others of the text are not looked
at, but for rows of copies, of which there must be no other.  Called by t_report_schema.sh.
"""

import json
import re
import subprocess
import sys
from fractions import Fraction

import jsonschema

BYTES = [(1 << 10 * i, name) for i, name in enumerate(["B", "KiB", "MiB", "GiB", "TiB", "PiB"])]
TIMES = [(1000**i, name) for i, name in enumerate(["ns", "us", "ms", "s"])]
RATES = [(1000**i, name) for i, name in enumerate(["B/s", "kB/s", "MB/s", "GB/s", "TB/s"])]
DIRECTIONS = {"host_to_device": "host to device", "device_to_host": "device to host"}
WAYS = ["plain", "staged", "direct", "snapshot", "foreign", "foreign_staged"]
REST = {"faults_avoided": ("page fault", "avoided by recycling locked blocks"),
        "large_forwarded": ("large block", "left to the next allocator"),
        "app_registrations": ("registration", "by the program itself, of blocks that autopin served"),
        "graph_blocks": ("block", "set aside for graphs"),
        "kept_blocks": ("block", "kept locked for good, after unpinning failed"),
        "context_losses": ("context", "ended with blocks still pinned")}
ROW = re.compile(r"^    (host to device|device to host)  .* cop(y|ies) ")


def rounded(value, factor, digits):
    """To so many digits after the point; halves go up."""
    return int(Fraction(value * 10**digits, factor) + Fraction(1, 2))


def quantity(value, units):
    at = 0
    while at + 1 < len(units) and rounded(value, units[at][0], 0) >= units[at + 1][0] // units[at][0]:
        at += 1
    factor, name = units[at]
    for digits in (2, 1):
        figure = rounded(value, factor, digits)
        if factor > 1 and figure < 1000:
            return f"{figure // 10**digits}.{figure % 10**digits:0{digits}} {name}"
    return f"{rounded(value, factor, 0)} {name}"


def size(value):
    return quantity(value, BYTES)


def time(value):
    return "-" + quantity(-value, TIMES) if value < 0 else quantity(value, TIMES)


def rate(copies):
    return quantity(copies["bytes"] * 10**9 // copies["ns"], RATES) if copies["ns"] else "-"


def count(number, thing):
    return f"{number} {thing}{'' if number == 1 else 's'}"


def pins(label, of, peak):
    if not of["pins"] and not of["pin_failures"]:
        return label + "none"
    return (f"{label}{of['pins']} in {time(of['pin_ns'])}, {size(of['pin_bytes_total'])} in all" +
            (f"; peak {size(peak)}" if peak else "") + f"; {of['unpins']} ended" +
            (f", {of['evictions']} of them evicted" if of["evictions"] else "") + f", {of['pin_failures']} failed")


def rows(copies):
    for key, direction in DIRECTIONS.items():
        for way in WAYS:
            one = copies[key].get(way, {"copies": 0})
            if one["copies"]:
                if one["bytes_per_second"] != (one["bytes"] * 10**9 // one["ns"] if one["ns"] else 0):
                    raise ValueError(f"bytes_per_second of {one}")
                yield (f"    {direction:15} {way.replace('_', ' '):14} {one['copies']:6} {'copy' if one['copies'] == 1 else 'copies':6} "
                       f"{size(one['bytes']):>11} {time(one['ns']):>11} {rate(one):>11}")


def refused(label, of):
    return [f"{label}{n} x " for n in of["refused"].values()] + [f" ({name})" for name in of["refused"]]


def head(report):
    """What stands before the call sites."""
    pinned, totals, gain = report["pinned"], report["totals"], report["gain"]
    process, backend, cause = report["process"], report["backend"], report["process"]["cause"]
    vm_lck = "unknown" if pinned["vm_lck_bytes"] is None else size(pinned["vm_lck_bytes"])
    several = len(report.get("processes", []))
    yield (f"autopin: {process['program']} ({f'{several} processes' if several > 1 else 'pid ' + str(process['pid'])}) "
           f"{'still ' if cause == 'running' else 'ended by '}{cause} after {time(process['duration_ns'])}; "
           f"backend {backend['name']}{'; times are modelled' if backend['simulated'] else ''}")
    yield (f"  pinned     peak {size(pinned['peak_bytes'])} of cap {size(pinned['cap_bytes'])}, {pinned['peak_regions']} of "
           f"{count(pinned['cap_regions'], 'region')}; now {size(pinned['bytes'])} in {count(pinned['regions'], 'region')}; VmLck {vm_lck}")
    if totals["locked_bytes_peak"]:
        yield f"  locked     peak {size(totals['locked_bytes_peak'])} by mlock, now {size(totals['locked_bytes'])}"
    yield pins("  pins       ", report["pins"], 0)
    if gain["net_ns"] != gain["saved_ns"] - report["pins"]["pin_ns"]:
        raise ValueError(f"net_ns of {gain}")
    yield (f"  gain       {time(gain['saved_ns'])} saved, less {time(report['pins']['pin_ns'])} for pins: {time(gain['net_ns'])}; "
           f"{time(gain['lost_ns'])} lost to unpinned copies and faults")
    copies = sum(one["copies"] for ways in report["copies"].values() for one in ways.values())
    yield f"  copies     {copies}"
    yield from rows(report["copies"])
    if totals["staging_bytes_peak"]:
        yield f"  staging    {size(totals['staging_bytes_peak'])} of pinned slots at most, for staged copies"
    if totals["waits"] or totals["splits"]:
        yield f"  waits      {totals['waits']} in {time(totals['wait_ns'])}, "
    yield f"  blocks     {totals['large_blocks']} large, {size(totals['large_bytes'])} in all; {size(totals['prefaulted_bytes'])} prefaulted"
    for key, (thing, what) in REST.items():
        if totals[key]:
            yield f"             {count(totals[key], thing)} {what}"
    yield from refused("  refused    ", report)
    if report["n_sites"]:
        yield f"  call sites {report['n_sites']} that allocate"


def site(of):
    least = f"{size(of['bytes_min'])} to " if of["bytes_min"] != of["bytes_max"] else ""
    yield (f"    blocks   {of['blocks']} of {least}{size(of['bytes_max'])}; {of['blocks_live']} live (peak {of['blocks_live_peak']}, "
           f"{size(of['bytes_live_peak'])}); {of['recycled']} recycled")
    yield from rows(of["copies"])
    for key, direction in DIRECTIONS.items():
        ways = of["copies"][key]
        before, after = ways["plain"] if ways["plain"]["ns"] else ways["staged"], ways["direct"]
        if before["ns"] and after["ns"]:
            yield f"    speed    {direction}: {rate(before)} before, {rate(after)} after"
    yield pins("    pins     ", of, of["pinned_bytes_peak"])
    yield f"    gain     {time(of['saved_ns'])} saved, {time(of['lost_ns'])} lost"
    yield f"    decision {'' if of['decision']['reason'] == 'none' else 'no pin: ' if of['decision']['refuses'] else 'pin: '}{of['decision']['text']}"
    yield from refused("    refused  ", of)


def differences(expected, lines):
    """Lines of the text may say more than what is expected of them."""
    expected = [line for line in expected]
    for line in expected:
        if not any(found.startswith(line) or (line[:2] == " (" and found.endswith(line)) for found in lines):
            yield f"not in the text: {line}"
    for line in lines:
        if ROW.match(line) and line not in expected:
            yield f"not in JSON: {line}"


def compare(report, text):
    parts = re.split(r"^(?=  site \d)", text.partition("\n  advice  ")[0], flags=re.M)
    if len(parts) != 1 + len(report["sites"]):
        return [f"{len(parts) - 1} sites in the text, {len(report['sites'])} in JSON"]
    found = list(differences(head(report), parts[0].splitlines()))
    for number, (of, part) in enumerate(zip(report["sites"], parts[1:]), 1):
        found += [f"site {number}: {one}" for one in differences(site(of), part.splitlines())]
    if report["pinning_conf"] and report["pinning_conf"].strip() not in text:
        found.append("the advice is not in the text")
    return found


def main(args):
    option = args.pop(0) if args[0].startswith("--") else ""
    given = args.pop(0) if option == "--text" else None
    autopin, schema_path, *paths = args
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    wrong = 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        found = [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(report)]
        if option == "--refused":
            found = [] if found else ["the schema has nothing against it"]
        elif not found:
            text = open(given, encoding="utf-8").read() if given else subprocess.run(
                [autopin, "report", path], check=True, capture_output=True, encoding="utf-8").stdout
            found = compare(report, text)
        for one in found[:10]:
            print(f"{path}: {one}")
        wrong |= bool(found)
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
