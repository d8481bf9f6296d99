"""Whether the merged report of a job that kept to max_pinned_node says what its ranks' reports say.

usage: job_merged.py REPORTS MERGED CAP_MIB"""
import json
import pathlib
import sys


def main():
    ranks = [json.loads(path.read_text()) for path in sorted(pathlib.Path(sys.argv[1]).iterdir())]
    merged, cap = json.loads(pathlib.Path(sys.argv[2]).read_text()), int(sys.argv[3]) << 20
    pinned = merged["pinned"]
    assert sorted(process["pid"] for process in merged["processes"]) == sorted(each["process"]["pid"] for each in ranks)
    assert pinned["node_cap_bytes"] == cap, pinned
    peak = max(each["pinned"]["node_peak_bytes"] for each in ranks)
    assert cap // 2 < pinned["node_peak_bytes"] == peak <= cap, pinned
    assert peak >= max(each["pinned"]["peak_bytes"] for each in ranks), pinned
    refused = sum(each["refused"].get("node_cap", 0) for each in ranks)
    assert merged["refused"].get("node_cap", 0) == refused > 0, "the cap never bound"
    assert merged["pins"]["pins"] == sum(each["pins"]["pins"] for each in ranks) > len(ranks), merged["pins"]
    print(f"{len(ranks)} ranks: at most {peak >> 20} MiB of {cap >> 20} together, {refused} refusals")


main()
