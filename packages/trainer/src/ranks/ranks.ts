/** @file What a run knows of the ranks that share it. */
import { elements, type Tensor } from '@octavo/kernels';
import { parameterSpecs } from '@octavo/llama';
import type { Communicator } from '@octavo/mpi';
import type { TrainPlan } from '../plan.ts';
import { microBatchesOf, partLength, partOf } from './share.ts';
import { type Node, nodesOf, type Range } from './tree.ts';

/**
 * A run that several ranks share (or that is summed as if they did): each computes some of a step's micro-batches and owns
 * a part of every parameter's master weights and moments (ZeRO-1, arXiv 1910.02054). All have the same working weights.
 */
export interface Ranks {
  readonly group: Communicator;
  /** Of each parameter, in their order. */
  readonly parts: readonly Part[];
  /** Micro-batches of a step that are this rank's. */
  readonly microBatches: Range;
  /** Of each rank, the nodes of its gradients that the others sum: see `piecesOf`. */
  readonly pieces: readonly (readonly Node[])[];
  /** This rank's parts of the gradients' sums, FP32 `[1, length]` each; none outside a step. */
  gradients: readonly Tensor[];
  readonly traffic: Traffic;
}

/** Of one parameter, what this rank owns. */
export interface Part extends Range {
  /** Elements of the whole parameter. */
  readonly of: number;
  /** Of every rank's part; what lies beyond the parameter is zero. */
  readonly length: number;
}

/** What this rank has sent to the others since the run or its resumption began, in bytes. */
export interface Traffic {
  gradients: number;
  weights: number;
}

/** Null: the run is one process's alone, and its sums run as they come. */
export function ranksOf(
  { model, accumulation, deterministic = false }: TrainPlan,
  group: Communicator,
): Ranks | null {
  const { rank, size } = group;
  if (size === 1 && !deterministic) return null;
  return {
    group,
    parts: parameterSpecs(model).map(({ shape }) => {
      const of = elements(shape);
      return { of, length: partLength(of, size), ...partOf(of, group) };
    }),
    microBatches: microBatchesOf(accumulation, { rank, size }),
    pieces: Array.from({ length: size }, (_, r) => piecesOf(accumulation, deterministic, { rank: r, size })),
    gradients: [],
    traffic: { gradients: 0, weights: 0 },
  };
}

/** What a rank brings to a sum: nodes of the tree over all micro-batches, or one node of the tree over ranks, summed as it comes. */
function piecesOf(count: number, deterministic: boolean, place: { rank: number; size: number }): Node[] {
  return deterministic ? nodesOf(microBatchesOf(count, place)) : [{ from: place.rank, size: 1 }];
}
