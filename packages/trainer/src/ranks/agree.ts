/** @file What all ranks have to know alike of a pass that they share, so that all of them decide alike. */
import { gatherValues } from '@octavo/mpi';
import type { Point, Precision, Site } from '@octavo/nn';
import type { Gradients, Sighting } from '../learned.ts';
import type { Training } from '../training.ts';
import type { Ranks } from './ranks.ts';

/** Targets of all ranks. */
export async function agreeOnTargets({ group }: Ranks, own: number): Promise<number> {
  const sum = Int32Array.of(own);
  await group.allReduce(sum, 'sum');
  return sum[0]!;
}

type Shared = Pick<Gradients, 'amaxes' | 'seen' | 'statistics'> & {
  /** Of this rank's micro-batches; agreed, of all. */
  readonly losses: Float32Array;
};

/**
 * Losses and maxima of all micro-batches, as one process would have them; statistics are of the first, which rank 0 has. What
 * was seen in which order matters only where something is not finite: then all of it is told to all.
 */
export async function agreeOnGradients(
  { plan, model }: Training,
  { group, microBatches }: Ranks,
  { losses, amaxes, seen, statistics }: Shared,
): Promise<Shared> {
  const word = new Float32Array(plan.accumulation + 1);
  word.set(losses, microBatches.from);
  word[plan.accumulation] = seen.every(({ amax }) => Number.isFinite(amax)) ? 0 : 1;
  await group.allReduce(word, 'sum');
  await group.allReduce(amaxes, 'max');
  if (statistics) await group.broadcast(statistics, 0);
  const [agreed, broken] = [word.subarray(0, plan.accumulation), word[plan.accumulation]! > 0];
  if (!broken) return { losses: agreed, amaxes, seen, statistics };
  // what is seen once a step, such as a weight, is seen by every rank
  const own = microBatches.from === 0 ? seen : seen.filter(({ microBatch }) => microBatch > 0);
  const all = await gatherValues(group, own.map(toWord));
  return {
    losses: agreed,
    amaxes,
    seen: all.flat().map((told) => fromWord(model.precision, told)),
    statistics,
  };
}

/** A sighting in plain data; JSON has no word for what is not finite. */
interface Word {
  readonly site: number | null;
  readonly point: Point;
  readonly microBatch: number;
  readonly amax: string;
}

function toWord({ of, microBatch, amax }: Sighting): Word {
  const { layer, name, operand } = of;
  const site = 'cast' in of ? (of as Site).index : null;
  return { site, point: { layer, name, operand }, microBatch, amax: String(amax) };
}

const fromWord = ({ sites }: Precision, { site, point, microBatch, amax }: Word): Sighting => ({
  of: site === null ? point : sites[site]!,
  microBatch,
  amax: Number(amax),
});
