"""Whether each rank of a job had a right result (job_rank.py wrote it) and has its own report.

usage: job_reports.py RESULTS REPORTS RANKS      the reports are r.HOST.RANK.json, and nothing else is there"""
import json
import pathlib
import socket
import sys


def main():
    results, folder, ranks = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
    said = {path.name: path.read_text().split() for path in results.iterdir()}
    assert sorted(map(int, said)) == list(range(ranks)), f"ranks with a result: {sorted(said)}"
    assert all(words[1:] == ["right"] for words in said.values()), f"results: {said}"
    pids = {int(rank): int(words[0]) for rank, words in said.items()}
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
