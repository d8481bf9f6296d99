"""Runs t_record_work in a way, and looks at the records that it leaves.

record_check.py killed N      kills it N times at a random moment
record_check.py WAY           lets it come to its end

A thread that is killed may be between counting an operation and doing it, or the other way round: for each thread one
operation may be missing in the report or too many in it, and the same in one of two sums over the same operations.
"""
import glob, json, os, random, struct, subprocess, sys, time

THREADS, BYTES = 4, 1 << 20
build, tmp, way = os.environ["BUILD"], os.environ["TMP"], sys.argv[1]
records, counts = os.environ["XDG_RUNTIME_DIR"] + "/autopin", tmp + "/counts"
program = build + "/tests/t_record_work"


def start(how):
    environment = dict(os.environ, LD_PRELOAD=os.environ["LIB"], AUTOPIN_REPORT="off")
    if os.path.exists(counts):
        os.unlink(counts)
    return subprocess.Popen([program, how, counts], env=environment, stdout=subprocess.DEVNULL)


def done():
    """Of each thread: blocks, copies, whether it has begun."""
    try:
        text = open(counts, "rb").read()
    except FileNotFoundError:
        text = b""
    return [struct.unpack_from("QQQ", text, 32 * i) for i in range(len(text) // 32)] or [(0, 0, 0)] * THREADS


def read(path, *more):
    run = subprocess.run([build + "/autopin", "report", path, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert run.returncode == 0, (path, run.stderr)
    return run.stdout


def take():
    """The reports of all records there are, which are removed."""
    found = []
    for path in glob.glob(records + "/*"):
        assert oct(os.stat(path).st_mode) == "0o100600", path
        found.append(json.loads(read(path, "--json")))
        assert read(path).startswith("autopin: t_record_work (pid ")
        os.unlink(path)
    return sorted(found, key=lambda report: report["process"]["pid"])


def near(what, got, least, slack):
    assert least <= got <= least + slack, f"{what}: {got}, expected {least} to {least + slack}"


def copied(copies):
    """copies, bytes of all ways and both directions"""
    each = [count for direction in copies.values() for count in direction.values()]
    return [sum(count[key] for count in each) for key in ("copies", "bytes")]


def check(report, blocks, copies, slack):
    sites, totals = report["sites"], report["totals"]
    near("blocks", totals["large_blocks"], blocks, slack)
    assert totals["large_blocks"] == sum(site["blocks"] for site in sites), totals
    assert totals["large_bytes"] % BYTES == 0
    near("bytes of blocks", totals["large_bytes"] // BYTES, totals["large_blocks"], slack)
    live = sum(site["blocks_live"] for site in sites)
    assert 0 <= live <= THREADS + slack, f"{live} blocks live"
    assert len({site["key"] for site in sites}) == len(sites)
    n, n_bytes = copied(report["copies"])
    near("copies", n, copies, slack)
    near("bytes of copies", n_bytes, n * BYTES, slack * BYTES)
    of_sites = [copied(site["copies"]) for site in sites]
    near("copies of sites", sum(each[0] for each in of_sites), n, slack)
    near("bytes of sites", sum(each[1] for each in of_sites), n * BYTES, 2 * slack * BYTES)
    pins = [sum(site[key] for site in sites) for key in ("pins", "pin_ns", "unpins")]
    assert [report["pins"][key] for key in ("pins", "pin_ns", "unpins")] == pins
    assert report["pinned"]["bytes"] <= report["pinned"]["peak_bytes"] + slack * BYTES <= report["pinned"]["cap_bytes"]
    assert report["process"]["command_line"].split()[0] == program, report["process"]


def killed(times):
    there = moved = 0
    for _ in range(times):
        process = start("loop")
        if random.random() < 0.9:  # the other tenth may be killed before there is anything
            while not all(each[2] for each in done()):
                time.sleep(0.001)
        time.sleep(random.random() * 0.02)
        process.kill()
        process.wait()
        reports, counted = take(), done()
        if not reports:
            assert not any(each[2] for each in counted), "no record"
            continue
        assert len(reports) == 1 and reports[0]["process"]["cause"] == "killed", reports
        assert reports[0]["process"]["pid"] == process.pid
        check(reports[0], sum(each[0] for each in counted), sum(each[1] for each in counted), THREADS)
        there += 1
        moved += copied(reports[0]["copies"])[0]
    print(f"{times} killed, {there} records, {moved} copies")
    assert there > times * 0.8


def ended():
    process = start(way)
    if way == "raw-exec":  # what it was is gone, what it has become is there
        while not all(each[2] for each in done()):
            time.sleep(0.001)
        causes = sorted(json.loads(read(path, "--json"))["process"]["cause"] for path in glob.glob(records + "/*"))
        process.kill()
        assert causes == ["killed", "running"], causes
    process.wait()
    reports, counted = take(), done()
    if way in ("normal", "_exit", "abort"):
        assert not reports, f"{len(reports)} records are left"
    elif way in ("fork", "clone"):
        assert len(reports) == 2, f"{len(reports)} records"
        parent, child = sorted(reports, key=lambda report: report["process"]["pid"] != process.pid)
        check(parent, 30, 0, 0)
        check(child, 7, 0, 0)
    elif way == "poor":
        assert len(reports) == 1 and reports[0]["process"]["pid"] == process.pid, reports
        check(reports[0], 30, 0, 0)
    elif way == "many":
        assert len(reports) == 1 and len(reports[0]["sites"]) >= 9
        assert reports[0]["totals"]["large_blocks"] == counted[0][0]
    elif way != "raw-exec":
        assert len(reports) == 1, f"{len(reports)} records"
        check(reports[0], counted[0][0], 0, 0)


if way == "killed":
    killed(int(sys.argv[2]))
else:
    ended()
