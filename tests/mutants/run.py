#!/usr/bin/python3
"""Whether the tests notice chosen mistakes: applies each of *.txt here to a copy of the tree, builds, runs the tests.

    tests/mutants/run.py [--applies | --named] [NAME...]
        --applies   only whether every edit still applies (make check)
        --named     only the tests named for each

A mutant is killed when a test fails or does not end: the tests named for it come first, then all others.  One that
survives fails the run, unless the list says why it may.  Copies lie in build/mutants, JOBS of them (default: one per
processor).  The lists:

    == NAME
    rule: the rule of tests/RULES.md that it breaks
    tests: those that are to notice it; patterns of unit tests too
    file: where (* for any)
    - what stands there, once; may be several lines
    + what replaces it, likewise; and there may be several such edits
    survives: why it may do so unnoticed
"""
import fnmatch, glob, os, re, shutil, signal, subprocess, sys, threading, time
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
WORK = os.path.join(ROOT, os.environ.get("BUILD", "build"), "mutants")
LIMIT_S = 300  # of one test
FOLDERS = ("tests/preload", "tests/bench", "tests/clients")
TARGETS = ["all", "unit", "preload-tests", "bench-programs", "sim", "doc-tools"]


class Mutant:
    def __init__(self, name):
        self.name, self.rule, self.tests, self.survives = name, "", [], ""
        self.edits = []  # [file, from, to]


def parse(path):
    mutants, last = [], ""
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        line = line.rstrip("\n")
        kind, text = line[:1], line[2:]
        if line.startswith("== "):
            mutants.append(Mutant(line[3:]))
        elif line.startswith("#") or not line:
            pass
        elif kind in "-+" and mutants and mutants[-1].edits:
            edit, at = mutants[-1].edits[-1], 1 if kind == "-" else 2
            edit[at] = text if edit[at] is None else edit[at] + "\n" + text
        elif re.match(r"(rule|tests|survives|file): ", line) and mutants:
            key, value = line.split(": ", 1)
            if key == "file":
                mutants[-1].edits.append([value, None, None])
            else:
                setattr(mutants[-1], key, value.split() if key == "tests" else value)
        else:
            sys.exit(f"{path}:{number}: not understood: {line}")
    return mutants


def edited(mutant, root):
    """The files that the mutant changes, as they then are; or an error message."""
    texts = {}
    for pattern, old, new in mutant.edits:
        for path in glob.glob(pattern, root_dir=root):
            if path not in texts:
                texts[path] = open(os.path.join(root, path), encoding="utf-8").read()
        found = [path for path in fnmatch.filter(texts, pattern) for _ in range(texts[path].count(old or "\0"))]
        if len(found) != 1:
            return None, f"{mutant.name}: {pattern}: found {len(found)} times instead of once: {old}"
        texts[found[0]] = texts[found[0]].replace(old, new or "")
    return texts, "" if texts else f"{mutant.name}: changes nothing"


def check_list(mutants):
    """Every edit applies, every rule and test is named as it is called."""
    errors = [error for _, error in (edited(mutant, ROOT) for mutant in mutants) if error]
    units = unit_names()
    for mutant in mutants:
        if not mutant.rule or not mutant.tests:
            errors.append(f"{mutant.name}: names no rule or no tests")
        for test in mutant.tests:
            if not test_exists(test, units):
                errors.append(f"{mutant.name}: there is no test {test}")
    names = [mutant.name for mutant in mutants]
    errors += [f"{name}: twice in the list" for name in sorted(set(names)) if names.count(name) > 1]
    return errors


def unit_names():
    folder = os.path.join(ROOT, "tests/unit")
    text = "".join(open(os.path.join(folder, name), encoding="utf-8").read() 
                   for name in os.listdir(folder) if name.endswith(".c"))
    return re.findall(r"^Test\(\w+, (\w+)", text, re.M)


def test_exists(test, units):
    if test.startswith("stress_"):
        return os.path.exists(os.path.join(ROOT, "tests/unit", test + ".c"))
    if not test.startswith("t_"):
        return bool(fnmatch.filter(units, test))
    places = (os.path.join(ROOT, folder, test) for folder in FOLDERS)
    return any(os.path.exists(place + end) for place in places for end in (".c", ".cc", ".sh"))


def end_session(session):
    """Ends what is left of the session that a command was."""
    for entry in os.listdir("/proc"):
        try:
            fields = open(f"/proc/{entry}/stat").read().rsplit(")", 1)[1].split()
            if entry.isdigit() and int(fields[3]) == session:
                os.kill(int(entry), signal.SIGKILL)
        except (OSError, IndexError, ValueError):
            continue


def run(tree, command, limit_s, failing=None):
    """Its output and how it ended: 0, or why not.  Ends it at the first line that matches `failing`."""
    child = subprocess.Popen(command, cwd=tree, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, start_new_session=True, errors="replace", text=True)
    late = threading.Event()
    timer = threading.Timer(limit_s, lambda: (late.set(), end_session(child.pid)))
    timer.start()
    output, stop = [], ""
    for line in child.stdout:
        output.append(line)
        found = failing.search(line) if failing else None
        if found:
            stop = found.group(1)
            break
    if stop or late.is_set():
        end_session(child.pid)
    child.stdout.close()
    status = child.wait()
    timer.cancel()
    end_session(child.pid)
    return "".join(output), stop or (f"not ended after {limit_s} s" if late.is_set() else status)


FAILED_PRELOAD = re.compile(r"^FAIL (.*)")
HUNG = re.compile(r"exit 142\b|stopped after|not ended after")  # 142: SIGALRM
FAILED_UNIT = re.compile(r"\[(?:.\[[0-9;]*m)*FAIL(?:.\[[0-9;]*m)*\] (\S+)")


def run_test(tree, test, limit_s):
    """Why the test fails, or ''.  test: a name, or a pattern of unit tests."""
    if test.startswith("t_"):
        output, ended = run(tree, ["tests/preload/run.sh", test], limit_s, FAILED_PRELOAD)
        ran = re.search(r"\b[1-9]\d* (passed|skipped)", output)
    elif test.startswith("stress_"):
        (output, ended), ran = run(tree, ["build/" + test], limit_s), True
    else:
        output, ended = run(tree, ["build/unit", "--timeout", "60", "--filter", "*/" + test], limit_s, FAILED_UNIT)
        ran = re.search(r"Tested: \S*?[1-9]", output)
    if ended or not ran:
        return f"{test}: {ended or 'nothing ran'}"
    return ""


def run_tests(tree, tests, attempts=2):
    """The first test that fails, in all attempts, and how; or ''.  So a test that fails now and then says nothing; one
    that hangs until its alarm or limit is not asked again: those outlast any load."""
    for test in tests:
        for _ in range(attempts):
            by = run_test(tree, test, LIMIT_S)
            if not by or HUNG.search(by):
                break
        if by:
            return by
    return ""


def all_tests(tree):
    built = sorted(os.listdir(os.path.join(tree, "build")))
    tests = ["*"] + [name for name in built if re.fullmatch(r"stress_\w+", name)]
    for folder in FOLDERS:
        names = sorted(os.listdir(os.path.join(ROOT, folder)))
        tests += [os.path.splitext(name)[0] for name in names if re.match(r"t_\w+\.(c|cc|sh)$", name)]
    return tests


def build(tree):
    return run(tree, [os.environ.get("MAKE", "make"), "-s", "WARNINGS=-w", "BUILD=build"] + TARGETS, 900)


def judge(mutant, tree, only_named):
    """killed | survived | error, and by what or why."""
    texts, error = edited(mutant, tree)
    if error:
        return "error", error
    before = {path: open(os.path.join(tree, path), encoding="utf-8").read() for path in texts}
    try:
        write(tree, texts)
        output, ended = build(tree)
        if ended:
            return "error", f"does not build:\n{output[-2000:]}"
        by = run_tests(tree, mutant.tests)
        if by:
            return "killed", by
        by = "" if only_named else run_tests(tree, [test for test in all_tests(tree) if test not in mutant.tests])
        if by:
            write(tree, before)
            build(tree)
            if run_tests(tree, [by.split(": ")[0]]):
                return "error", by + " (but without the mutation as well)"
            return "killed", by + " (not named for it)"
        return "survived", mutant.survives
    finally:
        write(tree, before)


def write(tree, texts):
    for path, text in texts.items():
        if text != open(os.path.join(tree, path), encoding="utf-8").read():
            with open(os.path.join(tree, path), "w", encoding="utf-8") as file:
                file.write(text)


def make_tree(tree):
    """A copy of what git knows, built."""
    os.makedirs(tree, exist_ok=True)
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout.split("\0")
    for folder, _, files in os.walk(tree):
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), tree)
            if not path.startswith("build/") and path not in names:
                os.remove(os.path.join(tree, path))
    for name in names:
        source, target = os.path.join(ROOT, name), os.path.join(tree, name)
        if not name or not os.path.isfile(source):
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.exists(target) or open(source, "rb").read() != open(target, "rb").read():
            shutil.copy(source, target)
    output, ended = build(tree)
    if ended:
        sys.exit(f"mutants: {tree} does not build:\n{output[-4000:]}")


def tell(mutant, verdict, why, seconds):
    """One line; returns whether it is as it should be."""
    expected = verdict == ("survived" if mutant.survives else "killed")
    note = "" if expected else " [to be explained]" if verdict == "survived" else " [not as the list says]"
    print(f"{verdict:8} {mutant.name} (rule {mutant.rule}, {seconds:.0f} s): {why}{note}", flush=True)
    return expected


def run_all(mutants, only_named):
    jobs = min(int(os.environ.get("JOBS", os.cpu_count() or 1)), len(mutants))
    trees = [os.path.join(WORK, f"tree-{job}") for job in range(jobs)]
    for tree in trees:
        make_tree(tree)
    named = sorted({test for mutant in mutants for test in mutant.tests})
    by = run_tests(trees[0], named, attempts=3)
    if by:
        sys.exit(f"mutants: without any mutation, fails: {by}")
    counts, lock, todo = {"killed": 0, "survived": 0, "error": 0}, threading.Lock(), list(mutants)

    def work(tree):
        wrong = 0
        while True:
            with lock:
                if not todo:
                    return wrong
                mutant = todo.pop(0)
            begin = time.time()
            verdict, why = judge(mutant, tree, only_named)
            with lock:
                counts[verdict] += 1
                wrong += not tell(mutant, verdict, why, time.time() - begin)

    with ThreadPoolExecutor(jobs) as pool:
        wrong = sum(pool.map(work, trees))
    print(f"mutants: {counts['killed']} killed, {counts['survived']} survived, {counts['error']} errors; "
          f"{wrong} not as the lists say")
    return wrong


def main():
    names = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    options = set(sys.argv[1:]) - set(names)
    if options - {"--applies", "--named"}:
        sys.exit(f"mutants: expected no options but --applies or --named\n\n{__doc__.strip()}")
    lists = sorted(glob.glob(os.path.join(ROOT, "tests/mutants/*.txt")))
    mutants = [mutant for path in lists for mutant in parse(path)]
    errors = check_list(mutants)
    for error in errors:
        print("mutants:", error)
    if errors or "--applies" in options:
        print(f"mutants: {len(mutants) - len(errors)} of {len(mutants)} edits apply")
        sys.exit(bool(errors))
    if names:
        mutants = [mutant for mutant in mutants if any(fnmatch.fnmatch(mutant.name, name) for name in names)]
        if not mutants:
            sys.exit("mutants: no such name")
    sys.exit(run_all(mutants, "--named" in options) > 0)


if __name__ == "__main__":
    main()
