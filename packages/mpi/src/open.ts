/** @file The group that this process belongs to, as its environment says. */
import type { Communicator } from './communicator.ts';
import { mpiCommunicator } from './mpi/communicator.ts';
import { loadMpi } from './mpi/library.ts';
import { soloCommunicator } from './solo.ts';

/** What launchers tell the processes that they start: Open MPI's mpirun, then MPICH's and Slurm's. */
const SIZES = ['OMPI_COMM_WORLD_SIZE', 'PMI_SIZE', 'MPI_WORLD_SIZE'] as const;

/** How many processes the launcher has started; null: nobody has started several. */
export function launchedSize(environment: Readonly<Record<string, string | undefined>>): number | null {
  for (const name of SIZES) {
    const size = Number(environment[name] ?? Number.NaN);
    if (Number.isInteger(size) && size > 0) return size;
  }
  return null;
}

/**
 * The group of the processes that `mpirun` (or Slurm's `srun --mpi`) has started; a group of one without it. `library`: the
 * path of an MPI library (default: the machine's). `patience`: seconds that an operation waits for the others. Throws an
 * `OctavoError` (exit code 2) where processes were started together and MPI cannot be used, for each would be alone.
 */
export function openCommunicator(
  options: { readonly library?: string; readonly patience?: number } = {},
): Communicator {
  const expected = launchedSize(process.env);
  if (expected === null) return soloCommunicator();
  const { library = null, patience = 600 } = options;
  return mpiCommunicator(loadMpi(library), { expected, patience });
}
