#!/bin/bash
# A job of 8 ranks under Slurm and autopin: each rank computes what it should, and has a report that bears its rank; and
# under one cap for the node the ranks keep to it together.
#
# The test starts a munged, a slurmctld and a slurmd of its own, which keep everything in $TMP and listen on free ports of
# 127.0.0.1.  All of it lives in a PID namespace, which ends with this script, however that ends: slurmstepd leaves the
# session of those that started it.
# timeout 180
set -u
. tests/clients/job_capped.sh
export PATH=$PATH:/usr/sbin LC_ALL=C
cluster=$TMP/cluster
daemons=()
skip() { echo "$1" && exit 77; }
fail() { echo "$1" && exit 1; }

for program in srun sinfo scontrol slurmctld slurmd munged unshare; do
    command -v "$program" >/dev/null || skip "$program is not installed"
done
/usr/bin/python3 -c 'import numpy' 2>/dev/null || skip "python3-numpy is not installed"
unset "${!SLURM_@}"

if [ "${1:-}" != inside ]; then
    unshare --pid --fork --mount-proc true 2>/dev/null || skip "there is no right to a PID namespace"
    exec unshare --pid --fork --kill-child --mount-proc "$0" inside
fi
trap 'exit 1' TERM INT HUP

# daemon NAME COMMAND...: in the background
daemon() {
    local name=$1
    shift
    "$@" >"$cluster/$name.log" 2>&1 </dev/null &
    daemons+=($!)
}

# ready NAME COMMAND...: asks until the command succeeds; there is nothing to test where that takes a minute
ready() {
    local name=$1 until=$((SECONDS + 60)) pid
    shift
    until "$@"; do
        for pid in "${daemons[@]}"; do
            kill -0 "$pid" 2>/dev/null || skip "$name did not start: $(tail -n 2 "$cluster"/*.log)"
        done
        [ "$SECONDS" -lt "$until" ] || skip "$name was not ready in time: $(tail -n 2 "$cluster"/*.log)"
    done
}

export SLURM_CONF=$cluster/slurm.conf
mkdir -p "$cluster/state" "$cluster/spool" "$TMP/reports" "$TMP/results"
chmod 755 "$TMP" "$cluster"
head -c 128 /dev/urandom >"$cluster/key" && chmod 400 "$cluster/key"
read -r control_port node_port <<<"$(/usr/bin/python3 -c '
import socket
ports = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(each.getsockname()[1] for each in ports))')"
host=$(hostname -s)
cat >"$SLURM_CONF" <<END
ClusterName=autopin
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$cluster/munge.socket
SlurmctldPort=$control_port
SlurmdPort=$node_port
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=tests Nodes=$host Default=YES State=UP MaxTime=INFINITE OverSubscribe=FORCE:8
END

daemon munged munged --foreground --force --key-file="$cluster/key" --socket="$cluster/munge.socket" \
    --pid-file="$cluster/munge.pid" --seed-file="$cluster/munge.seed" --log-file="$cluster/munge.log"
ready munged test -S "$cluster/munge.socket"
daemon slurmctld slurmctld -D -f "$SLURM_CONF"
control_answers() { scontrol ping 2>/dev/null | grep -q 'is UP'; }
ready slurmctld control_answers
daemon slurmd slurmd -D -f "$SLURM_CONF" -N "$host"
node_idles() { [ "$(sinfo -h -o %t 2>/dev/null)" = idle ]; }
ready slurmd node_idles

srun --overcommit -n 8 --export="ALL,LD_PRELOAD=$LIB,AUTOPIN_REPORT=$TMP/reports/r.%h.%r.json,AUTOPIN_BACKEND=mlock,AUTOPIN_PROMOTE=always,AUTOPIN_PIN_WAIT=yes" \
    /usr/bin/python3 tests/clients/job_rank.py "$TMP/results" >"$TMP/out" 2>&1 </dev/null &
wait "$!" || fail "srun: exit $?: $(tail -n 20 "$TMP/out")"
/usr/bin/python3 tests/clients/job_reports.py "$TMP/results" "$TMP/reports" 8 || fail "$(cat "$TMP/out")"
/usr/bin/python3 tests/unit/check_json.py --own tests/data/report.schema.json "$TMP"/reports/*.json || fail "a report does not follow the schema"

launch() {
    local folder=$1 settings
    shift
    settings=$(IFS=, && echo "ALL,$*")
    srun --overcommit -n 8 --export="$settings" /usr/bin/python3 tests/clients/job_node_cap.py "$folder/results" "$CAPPED_MIB" "$folder" \
        >"$TMP/out" 2>&1 </dev/null &
    wait "$!" || ! tail "$TMP/out"
}
capped_job launch || fail "a cap for the node"
exit 0
