/** @file A training run as a cluster is asked for it. */
import { OctavoError } from '@octavo/formats';

export interface Job {
  /** Letters, digits and hyphens: a DNS label. */
  readonly name: string;
  readonly ranks: number;
  readonly perNode: number;
  readonly threads: number;
  /** Bytes that a rank needs, as planned. */
  readonly memory: number;
  readonly hours: number;
  /** The run's folder, which all nodes see. */
  readonly run: string;
  /** What `octavo train` is told at the start of the run. */
  readonly train: readonly string[];
  readonly image: string;
}

/** Throws an `OctavoError` (exit code 2) where ranks do not fill nodes, or a script cannot see the run. */
export function nodesOf({ ranks, perNode, run }: Job): number {
  if (run.includes('://'))
    throw new OctavoError(
      `[plan] run: got ${run}, expected a folder that all nodes see: the script looks there for a run to go on with`,
      { exitCode: 2 },
    );
  if (ranks % perNode === 0) return ranks / perNode;
  throw new OctavoError(
    `[plan] ranks: got ${ranks} at ${perNode} a node, expected a multiple of ranks a node (--per-node)`,
    { exitCode: 2 },
  );
}

/** Beside what the plan counts: the engine, the library and the system. */
const OVERHEAD = { share: 1.25, bytes: 512 * 2 ** 20 };

/** MiB for the ranks of a node. */
export const nodeMebibytes = ({ memory, perNode }: Job): number =>
  Math.ceil((perNode * (OVERHEAD.share * memory + OVERHEAD.bytes)) / 2 ** 20);

/** A word of a shell's command line. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
