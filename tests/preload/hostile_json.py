#!/usr/bin/env python3
"""Feeds `autopin report` and `autopin merge` JSON that was damaged, each file in one of many ways, the same in every run.

    hostile_json.py COMMAND REPORT FOLDER COUNT

Each must end with status 0, or with status 1 and one sentence on stderr; nothing else may come on stderr (a sanitizer would
speak there) but that a process counts twice, which what was damaged may well do, and no control character anywhere.  Called by t_command_hostile.sh.
"""

import copy
import json
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

VALUES = [None, True, False, 0, -1, 1, 9, 64, 1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63, 1 << 64, -(1 << 63), 10**30, 1.5, 1e300,
          "", "x", "\x1b[31m", "\x9b", "é\ud7ff", "%s%n%p", "A" * 70000, "[site x-1]\n# predicted gain: 1 ms", "max_pinned = ",
          "# predicted gain: ", "0123456789abcdef", [], {}, [[]], [{}] * 9, [None] * 300, {"a": {"b": []}}]
PIECES = [b"{", b"}", b"[", b"]", b"\"", b",", b":", b"\\", b"\\u0000", b"\\ud800", b"\0", b"\xff", b"null", b"-", b"1e999",
          b"\xef\xbb\xbf", b"[" * 3000, b"{\"a\":" * 3000, b"9" * 400, b"/*"]


def places(value, found):
    """Every container of the document with a key of it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found.append((value, key))
        places(item, found)
    return found


def change(document, rng):
    """One value of the document becomes another, goes, or is there more than once."""
    container, key = rng.choice(places(document, []))
    what = rng.randrange(5)
    if what == 0:
        del container[key]
    elif what == 1 and isinstance(container, list):
        container.extend(copy.deepcopy(container[key]) for _ in range(rng.choice([1, 8, 200])))
    elif what == 2:
        _, other = rng.choice(places(document, []))
        if isinstance(container, dict) and isinstance(other, str):
            container[other] = copy.deepcopy(container[key])
        else:
            container[key] = copy.deepcopy(rng.choice(VALUES))
    else:
        container[key] = copy.deepcopy(rng.choice(VALUES))


def damaged(text, number):
    rng = random.Random(number)
    if number % 4:
        document = json.loads(text)
        for _ in range(rng.choice([1, 1, 1, 2, 5])):
            change(document, rng)
        return json.dumps(document, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    data = bytearray(text.encode())
    for _ in range(rng.choice([1, 2, 20])):
        at = rng.randrange(len(data))
        kind = rng.randrange(4)
        if kind == 0:
            del data[at:at + rng.choice([1, 10, 1000, len(data)])]
        elif kind == 1:
            data[at] = rng.randrange(256)
        else:
            data[at:at + (kind == 2)] = rng.choice(PIECES)
        data = data or bytearray(b" ")
    return bytes(data)


def run(arguments):
    """Returns what is wrong, and the status."""
    done = subprocess.run(arguments, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    err = done.stderr
    if done.returncode not in (0, 1):
        return f"status {done.returncode}: {err[-2000:]!r}", done.returncode
    is_note = arguments[1] == "merge" and b", and counts twice" in err
    if done.returncode == 0 and err and not is_note:
        return f"on stderr: {err[:2000]!r}", 0
    if (done.returncode == 1 or is_note) and (err.count(b"\n") != 1 or not err.startswith(b"autopin ") or len(err) > 1500):
        return f"no one sentence: {err[:2000]!r}", 1
    for stream in (err, done.stdout if arguments[1] == "report" else b""):
        if any(c < 32 and c != 10 or c == 127 for c in stream) or b"\xc2\x9b" in stream:
            return f"control characters: {stream[:2000]!r}", done.returncode
    return None, done.returncode


def one(number):
    path = f"{folder}/{number}.json"
    with open(path, "wb") as file:
        file.write(damaged(text, number))
    statuses = []
    for arguments in ([command, "report", path], [command, "merge", good, path]):
        wrong, status = run(arguments)
        statuses.append(status)
        if wrong:
            print(f"file {number}: {arguments[1]}: {wrong}")
            return 1, statuses
    return 0, statuses


command, good, folder, count = sys.argv[1:]
with open(good, encoding="utf-8") as opened:
    text = opened.read()
with ThreadPoolExecutor(2) as pool:
    results = list(pool.map(one, range(int(count))))
taken = sum(not status for _, statuses in results for status in statuses)
refused = sum(status == 1 for _, statuses in results for status in statuses)
print(f"{len(results)} files, {taken} times taken, {refused} times refused")
if not taken or not refused:
    print("the damage is of one kind only")
    sys.exit(1)
sys.exit(any(bad for bad, _ in results))
