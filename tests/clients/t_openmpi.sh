#!/bin/bash
# Open MPI and UCX, which patch the C library's memory functions for themselves, move large arrays between ranks alike with
# and without the preload; each rank has its report.
# timeout 240
. tests/clients/compare.sh
. tests/clients/job_capped.sh
needs mpirun
/usr/bin/python3 -c 'import mpi4py, numpy' 2>/dev/null || { echo "python3-mpi4py is not installed" && exit 77; }
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 UCX_TLS=self,sm,tcp

# ranks WHAT WORDS...: LD_PRELOAD and the settings reach the ranks, and mpirun itself, by the environment
ranks() {
    local what=$1
    shift
    TMPDIR=$WORK mpirun --oversubscribe -np 2 --mca plm isolated --mca mpi_yield_when_idle 1 "$@" /usr/bin/python3 \
        tests/clients/mpi_exchange.py 6 $what
}

same shared ranks '' --mca pml ob1 --mca btl self,vader --mca mpi_leave_pinned 1
same sockets ranks '' --mca pml ob1 --mca btl self,tcp --mca btl_tcp_if_include lo
same ucx ranks window --mca pml ucx --mca osc ucx --mca pml_ucx_tls any --mca pml_ucx_devices any

# Each of 8 ranks has a report that bears its rank; mpirun itself has none.
mkdir "$TMP/reports" "$TMP/results"
mpirun --oversubscribe -np 8 --mca plm isolated --mca mpi_yield_when_idle 1 -x LD_PRELOAD="$LIB" \
    -x AUTOPIN_REPORT="$TMP/reports/r.%h.%r.json" -x AUTOPIN_BACKEND=mlock -x AUTOPIN_PROMOTE=always -x AUTOPIN_PIN_WAIT=yes \
    /usr/bin/python3 tests/clients/job_rank.py "$TMP/results" >"$TMP/ranks" 2>&1 </dev/null || differs "8 ranks: $(tail "$TMP/ranks")"
/usr/bin/python3 tests/clients/job_reports.py "$TMP/results" "$TMP/reports" 8 || differs "the reports of 8 ranks"
/usr/bin/python3 tests/unit/check_json.py --own tests/data/report.schema.json "$TMP"/reports/*.json || differs "the schema of 8 reports"
compared=$((compared + 1))

# Under one cap for the node.
launch() {
    local folder=$1 setting words=()
    shift
    for setting; do words+=(-x "$setting"); done
    mpirun --oversubscribe -np 8 --mca plm isolated --mca mpi_yield_when_idle 1 "${words[@]}" /usr/bin/python3 \
        tests/clients/job_node_cap.py "$folder/results" "$CAPPED_MIB" "$folder" >"$TMP/ranks" 2>&1 </dev/null || ! tail "$TMP/ranks"
}
capped_job launch || differs "a cap for the node"
compared=$((compared + 1))
compare_result
