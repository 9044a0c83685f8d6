/** @file How many updates the format of AdamW's master weights loses. */
import { FP32, type Rounding } from '@octavo/formats';
import type { FusedOperator, Parts } from '../operator.ts';
import type { DecayAttributes } from '../operators/adam.ts';
import { cast } from '../operators/cast.ts';
import { lostUpdates } from '../operators/lost-updates.ts';
import { sum } from '../operators/sums.ts';
import { matrixShape, type Tensor } from '../tensor.ts';
import { decoded } from './adamw.ts';

export type CountLostAttributes = DecayAttributes & {
  /** As the update rounded its weights. */
  readonly masterRounding: Rounding;
  readonly stream: number;
};

/**
 * Inputs w, wScale, m, g, hyper as they went into `adamw`, w', wScale' as they came out, and seed if the rounding is
 * stochastic; output `[1]`: how many elements had an update that was not zero, and are stored as they would be without it,
 * that is as their old weight rounded again under the new scale, by the same random bits if any. (A scale of max / amax
 * moves a little at nearly every step, so that codes alone do not tell.) Rounded to nearest such an update is gone;
 * rounded stochastically it is only unlucky: on average nothing is lost.
 */
export const countLost: FusedOperator<CountLostAttributes> = Object.freeze({
  name: 'countLost',
  unfused(parts, attributes, inputs, [lost]) {
    const { decays } = attributes;
    const [w, wScale, m, g, hyper, stored, storedScale, seed] = inputs as readonly Tensor[];
    const old = decoded(parts, w!, wScale!);
    const kept = storedAgain(parts, attributes, w!, old, storedScale!, seed);
    const flags = parts.temporary(stored!.shape, FP32);
    parts.run(lostUpdates, { decays }, [stored!, kept, old, m!, g!, hyper!], [flags]);
    parts.run(sum, {}, [flags], [lost!]);
  },
} satisfies FusedOperator<CountLostAttributes>);

/** The old weights as they would be stored now, in w's format. */
function storedAgain(
  { run, temporary }: Parts,
  { masterRounding: rounding, stream }: CountLostAttributes,
  { shape, format }: Tensor,
  old: Tensor,
  scale: Tensor,
  seed: Tensor | undefined,
): Tensor {
  if (format === FP32) return old;
  const [blockRows, blockColumns] = matrixShape(shape);
  const kept = temporary(shape, format);
  const how = { blockRows, blockColumns, rounding, overflow: 'saturate', stream } as const;
  run(cast, how, [old, scale, ...(rounding === 'stochastic' && seed ? [seed] : [])], [kept]);
  return kept;
}
