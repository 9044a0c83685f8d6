/** @file The group that this process belongs to, as its environment says. */
import type { Communicator } from './communicator.ts';
import { mpiCommunicator } from './mpi/communicator.ts';
import { loadMpi } from './mpi/library.ts';
import { soloCommunicator } from './solo.ts';

/** What launchers tell the processes that they start: Open MPI's mpirun, then MPICH's and Slurm's. */
const SIZES = ['OMPI_COMM_WORLD_SIZE', 'PMI_SIZE', 'MPI_WORLD_SIZE'] as const;

const RANKS = ['OMPI_COMM_WORLD_RANK', 'PMI_RANK', 'MPI_WORLD_RANK'] as const;
const SIZES_HERE = ['OMPI_COMM_WORLD_LOCAL_SIZE', 'MPI_LOCALNRANKS'] as const;

type Environment = Readonly<Record<string, string | undefined>>;

function firstOf(environment: Environment, names: readonly string[], least: number): number | null {
  for (const name of names) {
    const value = Number(environment[name] ?? Number.NaN);
    if (Number.isInteger(value) && value >= least) return value;
  }
  return null;
}

/** How many processes the launcher has started; null: nobody has started several. */
export const launchedSize = (environment: Environment): number | null => firstOf(environment, SIZES, 1);

/** How many of them on this machine, as far as the launcher says; 1 where there is none. */
export const launchedHere = (environment: Environment): number =>
  firstOf(environment, SIZES_HERE, 1) ?? launchedSize(environment) ?? 1;

/** Which of them this one is; 0 where there is no launcher. */
export const launchedRank = (environment: Environment): number => firstOf(environment, RANKS, 0) ?? 0;

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
