# Sourced by t_slurm.sh and t_openmpi.sh: 8 ranks under one cap for the node.
#
# capped_job LAUNCH: LAUNCH FOLDER SETTINGS... starts 8 ranks of job_node_cap.py with these variables.  Each must have its
# report, the sum of what they have locked must keep to the cap, and the merged report must tell the node's peak.
# shellcheck shell=bash
CAPPED_MIB=48

capped_job() {
    local folder=$TMP/capped
    mkdir "$folder" "$folder/results" "$folder/reports"
    "$1" "$folder" XDG_RUNTIME_DIR="$folder" LD_PRELOAD="$LIB" AUTOPIN_REPORT="$folder/reports/r.%h.%r.json" AUTOPIN_BACKEND=mlock \
        AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes AUTOPIN_MAX_PINNED_NODE=${CAPPED_MIB}M || return 1
    /usr/bin/python3 tests/clients/job_reports.py "$folder/results" "$folder/reports" 8 || return 1
    "$BUILD/autopin" merge "$folder"/reports/*.json -o "$folder/merged.json" || return 1
    /usr/bin/python3 tests/unit/check_json.py --own tests/data/report.schema.json "$folder"/reports/*.json "$folder/merged.json" || return 1
    /usr/bin/python3 tests/clients/job_merged.py "$folder/reports" "$folder/merged.json" "$CAPPED_MIB" || return 1
    "$BUILD/autopin" report "$folder/merged.json" | grep "^  node  *peak .* of max_pinned_node $CAPPED_MIB.0 MiB"
}
