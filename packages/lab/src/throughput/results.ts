/** @file Every recipe against `bf16` of the same turns. */
import { estimate } from '../engine/numbers.ts';
import { where } from '../engine/rows.ts';
import type { Memory, Speed } from './measure.ts';
import { caseName, type ThroughputSettings } from './settings.ts';

export interface NamedSpeed extends Speed {
  readonly seed: number;
  readonly model: string;
}

export interface NamedMemory extends Memory {
  readonly model: string;
}

export type Comparison = ReturnType<typeof compareOne>;

export function compare(
  { models, recipes }: ThroughputSettings,
  speeds: readonly NamedSpeed[],
  memories: readonly NamedMemory[],
): Comparison[] {
  return models.flatMap((one) =>
    one.batches.flatMap((batch) => {
      const here = where(speeds, { model: one.name, batch });
      const memoryOf = (recipe: string): Memory | null =>
        where(memories, { model: one.name, batch, recipe })[0] ?? null;
      return recipes.map((recipe) =>
        compareOne(recipe, caseName(one, batch), here, memoryOf(recipe), memoryOf('bf16')),
      );
    }),
  );
}

/** One recipe at one model and batch size, e.g. `nano, 16 × 128`; arrays hold a number a seed. */
function compareOne(
  recipe: string,
  name: string,
  here: readonly NamedSpeed[],
  memory: Memory | null,
  baseMemory: Memory | null,
) {
  const own = where(here, { recipe });
  const ratios = own.map(
    ({ seed, milliseconds }) => where(here, { recipe: 'bf16', seed })[0]!.milliseconds / milliseconds,
  );
  const ratio = estimate(ratios);
  const fp8Products = meanOrNull(own.map((s) => s.fp8Products));
  return {
    name,
    recipe,
    tokensPerSecond: own.map((s) => s.tokensPerSecond),
    /** Tokens a second over those of `bf16` in the same turns. */
    ratios,
    ratio,
    /** Means over the seeds; null where the device queues its work. */
    products: meanOrNull(own.map((s) => s.products)),
    fp8Products,
    /** The ratio if the FP8 products had taken half their time: arithmetic, Amdahl's law; null without such products. */
    withFastProducts: fp8Products ? ratio.mean / (1 - fp8Products / 2) : null,
    memory,
    /** Peak bytes over those of `bf16`, less 1. */
    peakChange: memory && baseMemory && memory.peak / baseMemory.peak - 1,
  };
}

function meanOrNull(values: readonly (number | null)[]): number | null {
  const known = values.flatMap((v) => v ?? []);
  return known.length > 0 && known.length === values.length ? estimate(known).mean : null;
}

export const stateBytes = ({ perParameter }: Memory): number =>
  perParameter.master + perParameter.moment1 + perParameter.moment2;
