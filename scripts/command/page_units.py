"""Figures and names as the pages show them: see page.py."""
import unicodedata

BYTE_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
TIME_UNITS = ((1, "ns"), (1000, "us"), (10**6, "ms"), (10**9, "s"))
WAYS = ("direct", "snapshot", "staged", "foreign_staged", "plain", "foreign")
DIRECTIONS = (("host_to_device", "to the device"), ("device_to_host", "to the host"))

# Where everybody's allocations pass through.
ALLOCATORS = ("libc.so", "libc-", "libstdc++", "libc++", "ld-linux", "libautopin")


def three_digits(value):
    """1.50, 12.3, 123, 1234."""
    for limit, digits in ((9.995, 2), (99.95, 1)):
        if abs(value) < limit:
            return f"{value:.{digits}f}"
    return f"{value:.0f}"


def byte_unit(most):
    """The factor and the name of the unit that suits bytes up to so many."""
    step = 0
    while most >= 1024 and step + 1 < len(BYTE_UNITS):
        most /= 1024
        step += 1
    return 1024**step, BYTE_UNITS[step]


def size(n_bytes):
    factor, unit = byte_unit(n_bytes)
    return f"{n_bytes} B" if factor == 1 else f"{three_digits(n_bytes / factor)} {unit}"


def span(ns):
    factor, unit = next(((f, u) for f, u in reversed(TIME_UNITS) if abs(ns) >= f), TIME_UNITS[0])
    return f"{ns} ns" if factor == 1 else f"{three_digits(ns / factor)} {unit}"


def rate(count):
    """GB/s of {"bytes", "ns"}; None where there is nothing to tell."""
    return count["bytes"] / count["ns"] if count["ns"] and count["bytes"] else None


def rate_text(value):
    return "–" if value is None else f"{three_digits(value)} GB/s"


def clean(text):
    """Without what is not for reading: control characters, turns of direction, halves of characters."""
    return "".join("?" if unicodedata.category(c)[0] == "C" else c for c in str(text))


def shorten(text, most):
    """The middle goes, since beginning and end tell the most."""
    text = clean(text)
    if len(text) <= most:
        return text
    return text[: (most - 1) // 2] + "…" + text[len(text) - most // 2 :]


def module_of(frame):
    return frame["module"].rsplit("/", 1)[-1]


def frame_text(frame):
    if frame.get("function"):
        return f"{frame['function']}+{frame['function_offset']:#x} ({module_of(frame)})"
    return f"{module_of(frame) or 'unknown'}+{frame['module_offset']:#x}"


def source_texts(frame):
    """Where in the sources a frame is, as `autopin report` found it: the innermost of inlined functions first."""
    for i, place in enumerate(frame.get("source", [])):
        line = f":{place['line']}" if place["line"] else ""
        yield f"{'inlined in ' if i else ''}{place['function'] or '?'}{' at ' * bool(place['file'])}{place['file']}{line}"


def site_text(site):
    """The innermost frame that says something, as in the advice: a function, else a module."""
    frames = [f for f in site["stack"] if f["module"] and not module_of(f).startswith(ALLOCATORS)]
    named = next((f for f in frames if f.get("function")), None)
    if named:
        return f"{named['function']} ({module_of(named)})"
    return frame_text((frames or site["stack"] or [{"module": "", "module_offset": 0}])[0])


def size_class(site):
    """The least size of a site's class."""
    return size(1 << site["size_log2"])


def sum_ways(copies, key):
    """{"host_to_device": {way: {key: n}}, ...}: the sum of all."""
    return sum(way[key] for ways in copies.values() for way in ways.values())


def before_and_after(ways):
    """What a direction's copies made as the program wrote it, and what they made pinned, or else staged."""
    return rate(ways["plain"]), rate(ways["direct"]) or rate(ways["staged"])
