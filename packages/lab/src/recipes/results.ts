/** @file Every arm against `bf16` of the same seed: gaps on held-out text, over training, and in last words. */
import { estimate } from '../engine/numbers.ts';
import { distinct, where } from '../engine/rows.ts';
import type { ArmRun } from './train.ts';

export interface NamedRun extends ArmRun {
  readonly seed: number;
  readonly arm: string;
}

export type Comparison = ReturnType<typeof compare>[number];

/** Each arm of all seeds, beside `bf16`; arrays hold a number a seed. */
export function compare(runs: readonly NamedRun[]) {
  return distinct(runs, 'arm').map((arm) => {
    const own = where(runs, { arm });
    const base = own.map(({ seed }) => where(runs, { arm: 'bf16', seed })[0]!);
    const gaps = own.map((run, i) => finite(run.heldOut) - base[i]!.heldOut);
    const accuracy = own.map(accuracyOf);
    return {
      arm,
      seeds: own.map(({ seed }) => seed),
      heldOut: own.map((run) => finite(run.heldOut)),
      /** Held-out loss less that of `bf16`, nats per byte; infinite where the loss is not finite. */
      gaps,
      gap: estimate(gaps),
      /** Passages spelled right, of all, and how many more than `bf16` of the same seed, per passage. */
      accuracy,
      accuracyGaps: accuracy.map((share, i) => share - accuracyOf(base[i]!)),
      /** Mean −ln p of the last words, nats per word. */
      wordLoss: own.map((run) => finite(run.lastWords.loss)),
      notFinite: own.map((run) => run.notFinite),
      broke: own.map((run) => run.broke),
    };
  });
}

const accuracyOf = ({ lastWords: { right, passages } }: ArmRun): number => right / passages;

/** JSON keeps a number that is not finite as null; a loss that is none counts as infinite. */
const finite = (value: number | null): number =>
  value !== null && Number.isFinite(value) ? value : Number.POSITIVE_INFINITY;

export type TrainingGap = ReturnType<typeof trainingGaps>[number];

/** Training losses less those of `bf16` on the same batches, each the mean of `every` steps up to `step`. */
export function trainingGaps(runs: readonly NamedRun[], every: number) {
  return runs
    .filter(({ arm }) => arm !== 'bf16')
    .flatMap(({ seed, arm, losses }) => {
      const base = where(runs, { arm: 'bf16', seed })[0]!.losses;
      return Array.from({ length: Math.floor(losses.length / every) }, (_, i) => {
        const [from, to] = [i * every, (i + 1) * every];
        const sum = (of: readonly (number | null)[]) =>
          of.slice(from, to).reduce((total: number, v) => total + (v ?? Number.NaN), 0);
        return { seed, arm, step: to, gap: (sum(losses) - sum(base)) / every };
      });
    });
}
