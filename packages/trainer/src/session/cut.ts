/** @file A step in micro-batches that are small enough for every rank to have one. */
import { OctavoError } from '@octavo/formats';
import type { TrainPlan } from '../plan.ts';
import type { RunSettings } from './settings.ts';

/** Micro-batches of a deterministic run, at least: what up to so many ranks share has the same bits on any number of them. */
const DETERMINISTIC = 4;

/**
 * The settings with as many micro-batches as `size` ranks need, of fewer sequences each; a step has as many sequences as
 * before. `before`: how the run that is resumed was cut, which stays where it can. Throws an `OctavoError` (exit code 2).
 */
export function cutForRanks<Settings extends RunSettings>(
  settings: Settings,
  size: number,
  before: Pick<TrainPlan, 'batch' | 'accumulation'> | null,
): Settings {
  const { hyperparameters } = settings;
  const { batch, accumulation, deterministic } = hyperparameters;
  const sequences = batch * accumulation;
  const refuse = (got: string, expected: string): never => {
    throw new OctavoError(`[run] ${size} ranks cannot share a step: got ${got}, expected ${expected}`, {
      exitCode: 2,
    });
  };
  const cut = (into: Pick<TrainPlan, 'batch' | 'accumulation'>): Settings => ({
    ...settings,
    hyperparameters: { ...hyperparameters, batch: into.batch, accumulation: into.accumulation },
  });
  if (before && before.accumulation >= size && before.batch * before.accumulation === sequences)
    return cut(before);
  if (before && deterministic)
    refuse(
      `a run that began with ${before.accumulation} micro-batches a step, by which its sums are ordered (--deterministic)`,
      `at most ${before.accumulation} ranks`,
    );
  const least = deterministic ? Math.max(size, Math.min(DETERMINISTIC, sequences)) : size;
  const ways = divisorsOf(batch).filter((k) => accumulation * k >= least);
  const k = ways.find((each) => (accumulation * each) % least === 0) ?? ways[0];
  if (k === undefined)
    return refuse(
      `${sequences} sequences (batch ${batch}, accumulation ${accumulation})`,
      `at least ${size}: give a larger --batch or --accumulation, or start fewer ranks`,
    );
  return cut({ batch: batch / k, accumulation: accumulation * k });
}

/** In order. */
function divisorsOf(n: number): number[] {
  const low: number[] = [];
  for (let i = 1; i * i <= n; i++) if (n % i === 0) low.push(i);
  const high = low.map((i) => n / i).reverse();
  return [...new Set([...low, ...high])];
}
