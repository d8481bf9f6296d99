"""Looks at what `autopin top` says of processes that count for themselves what they do, on a terminal and elsewhere."""
import json, os, pty, re, select, signal, struct, subprocess, termios, time

THREADS = 4
build, tmp = os.environ["BUILD"], os.environ["TMP"]
autopin = build + "/autopin"
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def preloaded(**more):
    return dict(os.environ, LD_PRELOAD=os.environ["LIB"], AUTOPIN_REPORT="off", **more)


def done(counts):
    """Blocks and copies that all threads have counted, once each has begun."""
    while True:
        text = open(counts, "rb").read() if os.path.exists(counts) else b""
        each = [struct.unpack_from("QQQ", text, 32 * i) for i in range(len(text) // 32)]
        if len(each) == THREADS and all(one[2] for one in each):
            return sum(one[0] for one in each), sum(one[1] for one in each)
        time.sleep(0.001)


def start(name, way="loop", **more):
    counts = f"{tmp}/{name}"
    process = subprocess.Popen([build + "/tests/t_record_work", way, counts], env=preloaded(**more))
    done(counts)
    return process, counts


def top(*words, status=0):
    run = subprocess.run([autopin, "top", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    assert run.returncode == status, (words, run)
    assert (run.stderr == "") == (status == 0) and run.stderr.count("\n") == (status != 0), (words, run.stderr)
    assert (run.stdout == "") == (status != 0), (words, run.stdout)
    return run.stdout if status == 0 else run.stderr


def refused(status, pattern, *words):
    said = top(*words, status=status)
    assert re.search("^autopin top: .*" + pattern, said), (words, said)


def views(text):
    return [view for view in re.split("(?m)^(?=autopin top: )", text) if view]


def blocks(view):
    return int(re.search(r"(?m)^  blocks +(\d+) large", view).group(1))


def copies(view):
    return sum(int(n) for n in re.findall(r"(?m)^    (?:host to device|device to host) .* (\d+) +[\d.]+ [KMGT]?i?B$", view))


def size(text):
    number, unit = text.split()
    return float(number) * UNITS[unit]


def figures():
    """Each view lies between what the process had counted before and after."""
    process, counts = start("copies", SIMCUDA_STATE=tmp + "/sim", LD_LIBRARY_PATH=build + "/sim", SIMCUDA_DATA="0")
    before = done(counts)
    text = top(process.pid, "-n", 3, "--delay=1s")
    after = done(counts)
    each = views(text)
    assert len(each) == 3 and "\x1b" not in text, text
    for view in each:
        assert view.startswith(f"autopin top: t_record_work (pid {process.pid}) still running after "), view
        assert before[0] <= blocks(view) <= after[0] + THREADS, (before, view, after)
        assert before[1] <= copies(view) <= after[1] + THREADS, (before, view, after)
        pinned, cap = re.search(r"pinned +(.*?B) of cap (.*?B) \[", view).groups()
        assert size(pinned) <= size(cap), view
        rates = [int(n) for n in re.findall(r"(?m)^    (?:host|device) to \w+ +[a-z ]+? +(\d+) ", view)]
        assert sum(rates) > 0, view
        assert "t_record_work+0x" in view.split("call sites")[1], view
    assert blocks(each[0]) < blocks(each[1]) < blocks(each[2]), text
    assert len(views(top(process.pid, "-d", "100ms"))) == 1
    newer, _ = start("blocks")
    assert f"(pid {newer.pid})" in top("-d", "100ms"), "the newest was meant"
    assert report("--clean") == "0 removed\n"
    listed(("running", newer), ("running", process))
    return process, newer


def report(*words):
    run = subprocess.run([autopin, "report", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    assert run.returncode == 0 and run.stderr == "", (words, run)
    return run.stdout


def listed(*expected):
    """The records there are, the newest first: how each process is doing, and its number."""
    lines = [line.split() for line in report().splitlines()[1:]]
    assert [(line[0], int(line[1])) for line in lines] == [(state, process.pid) for state, process in expected], lines
    return [line[-1] for line in lines]


def left_behind(process, gone):
    """What of a dead process there is, is read by all that reads reports, and removed when somebody asks for it."""
    path = listed(("killed", gone), ("running", process))[0]
    text, data = report(path), report(path, "--json")
    assert text.startswith(f"autopin: t_record_work (pid {gone.pid}) killed after "), text
    written = tmp + "/report.json"
    open(written, "w").write(data)
    assert report(written) == text and report(written, "--json") == data
    merged = subprocess.run([autopin, "merge", path, written], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert len(json.loads(merged)["processes"]) == 2
    pages = [tmp + "/record.html", tmp + "/json.html"]
    if subprocess.run(["/usr/bin/python3", "-c", "import matplotlib"], stderr=subprocess.DEVNULL).returncode == 0:
        for source, page in zip((path, written), pages):
            report(source, "--html", page)
        assert open(pages[0]).read() == open(pages[1]).read() and ", killed<" in open(pages[0]).read()
    open(f"{os.path.dirname(path)}/.{gone.pid}.1", "w").close()  # died while making one
    assert report("--clean") == "1 removed\n"
    listed(("running", process))
    assert len(os.listdir(os.path.dirname(path))) == 1


def ends(process, newer):
    """It ends with the process."""
    watch = subprocess.Popen([autopin, "top", str(newer.pid), "-n", "1000000", "-d", "100ms"], stdout=subprocess.PIPE, text=True)
    watch.stdout.readline()
    newer.kill()
    newer.wait()
    rest = watch.stdout.read()
    assert watch.wait() == 0 and f"(pid {newer.pid}) killed after" in views(rest)[-1], rest
    refused(1, f"process {newer.pid} is gone; autopin report .*/{newer.pid}", newer.pid)
    left_behind(process, newer)
    quiet = subprocess.Popen(["/usr/bin/python3", "-c", "x = bytearray(8 << 20); print(1, flush=True); input()"],
                             env=preloaded(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    quiet.stdout.readline()
    watch = subprocess.Popen([autopin, "top", str(quiet.pid), "-n", "1000000", "-d", "100ms"], stdout=subprocess.PIPE, text=True)
    watch.stdout.readline()
    quiet.communicate(b"\n")
    rest = watch.stdout.read()
    assert watch.wait() == 0 and "ended by exit after" in views(rest)[-1], rest
    refused(1, "no process .* keeps a record", quiet.pid)


def headless():
    """A process whose first thread has ended is running, and keeps its record."""
    process, _ = start("headless", "headless")
    while " Z " not in open(f"/proc/{process.pid}/stat").read():
        time.sleep(0.01)
    assert " still running after " in top(process.pid, "-d", "100ms")
    assert report("--clean") == "0 removed\n"
    listed(("running", process))
    process.kill()
    process.wait()
    listed(("killed", process))
    assert report("--clean") == "1 removed\n"


def screen(process, end):
    """On a terminal one view is drawn over the other until `end` is typed; the terminal is as it was afterwards."""
    leader, follower = pty.openpty()
    before = termios.tcgetattr(follower)
    watch = subprocess.Popen([autopin, "top", str(process.pid), "-d", "100ms"], stdin=follower, stdout=follower, stderr=follower,
                             preexec_fn=lambda: (os.setsid(), __import__("fcntl").ioctl(0, termios.TIOCSCTTY, 0)))
    text = b""
    while text.count(b"\x1b[Hautopin top: ") < 3:
        assert select.select([leader], [], [], 60)[0], text
        text += os.read(leader, 65536)
    assert not termios.tcgetattr(follower)[3] & (termios.ICANON | termios.ECHO)
    os.write(leader, end)
    assert watch.wait(60) == 0
    assert termios.tcgetattr(follower) == before
    for line in text.decode().splitlines():
        assert len(re.sub("\x1b\\[[HJK]", "", line)) < 80, line
    assert not re.search("\x1b(?!\\[[HJK])", text.decode()), text
    os.close(leader)
    os.close(follower)


refused(1, "no process of yours keeps a record")
refused(1, "no process 1 of yours", 1)
refused(2, "is no number of a process", "python3")
refused(2, "is no number of a process", "0")
refused(2, "it takes one process", 1, 2)
refused(2, "is no number of views", "-n", 0)
refused(2, "is no delay", "-d", 0)
refused(2, "is no delay", "-d", "1ms")
one, other = figures()
screen(one, b"q")
screen(one, b"\x03")
screen(one, b"\x1c")
ends(one, other)
one.kill()
one.wait()
assert report("--clean") == "1 removed\n"
headless()
