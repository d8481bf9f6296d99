#!/bin/bash
# Open MPI and UCX, which patch the C library's memory functions for themselves, move large arrays between ranks alike with
# and without the preload; each rank has its report.
# timeout 180
. tests/clients/compare.sh
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
compare_result
