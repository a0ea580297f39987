#!/bin/sh
# Prolog and Epilog of slurmd for trimtab: the agent runs while there are jobs, and GPUs are known by their jobs.
#
#   install -m 755 prolog.sh /etc/slurm/trimtab-prolog && ln -s trimtab-prolog /etc/slurm/trimtab-epilog
#   slurm.conf:  Prolog=/etc/slurm/trimtab-prolog   Epilog=/etc/slurm/trimtab-epilog
#
# Settings, from /etc/trimtab/slurm.env where it is there:
#   TRIMTAB_JOB_MAP   a folder in which each GPU's file holds its job ids: dcgm-exporter's --hpc-job-mapping-dir
#   TRIMTAB_START     what starts the agent where it does not run; empty starts nothing
#
# It always ends with status 0: a prolog that fails drains the node, and telemetry is no reason for that.
set -u

[ -r /etc/trimtab/slurm.env ] && . /etc/trimtab/slurm.env
map=${TRIMTAB_JOB_MAP-/var/lib/trimtab-agent/gpu-jobs}
start=${TRIMTAB_START-systemctl start trimtab-agent}
job=${SLURM_JOB_ID:-}
gpus=$(printf '%s' "${SLURM_JOB_GPUS:-${GPU_DEVICE_ORDINAL:-}}" | tr ',' ' ')

# One line a job: a GPU that is shared has several.
add() {
    mkdir -p "$map" && printf '%s\n' "$job" >>"$map/$1"
}

take_away() {
    [ -f "$map/$1" ] || return 0
    grep -vx "$job" "$map/$1" >"$map/.$1.$$"
    if [ -s "$map/.$1.$$" ]; then mv "$map/.$1.$$" "$map/$1"; else rm -f "$map/.$1.$$" "$map/$1"; fi
}

case ${SLURM_SCRIPT_CONTEXT:-$0} in
    *epilog*) do=take_away ;;
    *) do=add ;;
esac

if [ -n "$job" ] && [ -n "$map" ]; then
    for gpu in $gpus; do
        case $gpu in
            *[!0-9]*) ;; # a UUID or a slice: the exporter's own mapping knows those
            *) "$do" "$gpu" || : ;;
        esac
    done
fi
if [ "$do" = add ] && [ -n "$start" ]; then
    $start >/dev/null 2>&1 || logger -t trimtab "cannot start the agent with: $start" 2>/dev/null || :
fi
exit 0
