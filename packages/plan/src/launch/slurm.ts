/** @file A job for Slurm: it starts again by itself, on as many nodes as are left. */
import { type Job, nodeMebibytes, nodesOf, quoted } from './job.ts';

/** Seconds before the end of its time at which a job is told to save. */
const NOTICE = 300;
const RESTARTS = 50;

const time = (hours: number): string => {
  const minutes = Math.max(10, Math.ceil(hours * 60));
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:00`;
};

/** A script for `sbatch`; its arguments go to `octavo train` when the run begins. */
export function slurmScript(job: Job): string {
  const nodes = nodesOf(job);
  const options = {
    'job-name': job.name,
    nodes: nodes > 1 ? `1-${nodes}` : '1',
    'ntasks-per-node': job.perNode,
    'cpus-per-task': job.threads,
    mem: `${nodeMebibytes(job)}M`,
    time: time(job.hours),
    requeue: null,
    'open-mode': 'append',
    signal: `B:USR1@${NOTICE}`,
    output: `${job.name}-%j.log`,
  };
  const lines = Object.entries(options).map(
    ([name, value]) => `#SBATCH --${name}${value === null ? '' : `=${value}`}`,
  );
  return `#!/bin/bash
# sbatch FILE [--data PATH ...]: trains, and goes on from the last checkpoint whenever it is started again.
# A node that is lost takes the job down; it is queued again and runs on 1 to ${nodes} nodes, whichever are there.
${lines.join('\n')}
set -euo pipefail

run=${quoted(job.run)}
ranks=$((SLURM_JOB_NUM_NODES * ${job.perNode}))
if [ -e "$run/run.json" ]; then
  arguments=(--resume --out "$run")
else
  arguments=(--out "$run" ${job.train.map(quoted).join(' ')} "$@")
fi

export OMP_NUM_THREADS=${job.threads}
mpirun -n "$ranks" --map-by ppr:${job.perNode}:node --bind-to none octavo train --threads ${job.threads} "\${arguments[@]}" &
mpi=$!

# told ${NOTICE / 60} minutes before the end: the step is finished and saved, and the job queued again
again=no
trap 'again=yes; kill -USR1 "$mpi"' USR1
while :; do # a signal ends the waiting, not what is waited for
  before=$again
  code=0
  wait "$mpi" || code=$?
  [ "$again" != "$before" ] || break
done

if [ "$again" = yes ] || { [ "$code" -ne 0 ] && [ "$code" -ne 2 ]; }; then
  if [ "\${SLURM_RESTART_COUNT:-0}" -lt ${RESTARTS} ]; then
    scontrol requeue "$SLURM_JOB_ID"
  fi
fi
exit "$code"
`;
}
