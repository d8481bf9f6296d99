"""Whether each rank of a job said a right result (on stdin, as job_rank.py does) and has its own report.

usage: job_reports.py DIRECTORY RANKS < OUTPUT      the reports there are r.HOST.RANK.json, and nothing else is"""
import json
import pathlib
import socket
import sys


def main():
    folder, ranks = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    said = [line.split() for line in sys.stdin if line.startswith("rank ")]
    pids = {int(words[1]): int(words[3]) for words in said if words[-1] == "right"}
    assert sorted(pids) == list(range(ranks)) and len(said) == ranks, f"said: {said}"
    names = {f"r.{socket.gethostname()}.{rank}.json" for rank in range(ranks)}
    there = {path.name for path in folder.iterdir()}
    assert there == names, f"reports: {sorted(there)}"
    blocks = pins = 0
    for rank in range(ranks):
        report = json.loads((folder / f"r.{socket.gethostname()}.{rank}.json").read_text())
        assert report["schema"] == "autopin-report-1"
        assert report["process"]["pid"] == pids[rank], f"rank {rank} was {pids[rank]}: {report['process']}"
        assert report["process"]["cause"] == "exit", report["process"]
        assert report["totals"]["large_blocks"] > 0, f"rank {rank} had no large block"
        blocks += report["totals"]["large_blocks"]
        pins += report["pins"]["pins"]
    assert pins > 0, "nothing was pinned"
    print(f"{ranks} ranks, {ranks} reports, {blocks} large blocks, {pins} pins")


main()
