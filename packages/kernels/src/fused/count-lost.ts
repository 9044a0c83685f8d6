/** @file How many updates the format of AdamW's master weights loses. */
import { FP32, type Rounding } from '@octavo/formats';
import type { Device } from '../device.ts';
import type { FusedOperator } from '../fused.ts';
import type { DecayAttributes } from '../operators/adam.ts';
import { cast } from '../operators/cast.ts';
import { dequantize } from '../operators/dequantize.ts';
import { lostUpdates } from '../operators/lost-updates.ts';
import { sum } from '../operators/sums.ts';
import { createScope, type Scope } from '../scope.ts';
import { matrixShape, type Tensor } from '../tensor.ts';

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
  unfused(device, attributes, inputs, [lost]) {
    const { decays } = attributes;
    const [w, wScale, m, g, hyper, stored, storedScale, seed] = inputs as readonly Tensor[];
    const scope = createScope(device);
    const { old, kept } = storedAgain(device, scope, attributes, [w!, wScale!, storedScale!], seed);
    const flags = scope.alloc(stored!.shape, FP32);
    device.run(lostUpdates, { decays }, [stored!, kept, old, m!, g!, hyper!], flags);
    device.run(sum, {}, [flags], lost!);
    scope.release();
  },
} satisfies FusedOperator<CountLostAttributes>);

/** The old weights in float32, and as they would be stored now. */
function storedAgain(
  device: Device,
  scope: Scope,
  { masterRounding: rounding, stream }: CountLostAttributes,
  [w, wScale, storedScale]: readonly [Tensor, Tensor, Tensor],
  seed: Tensor | undefined,
): { old: Tensor; kept: Tensor } {
  if (w.format === FP32) return { old: w, kept: w };
  const [blockRows, blockColumns] = matrixShape(w.shape);
  const old = scope.alloc(w.shape, FP32);
  device.run(dequantize, { blockRows, blockColumns }, [w, wScale], old);
  const kept = scope.alloc(w.shape, w.format);
  const how = { blockRows, blockColumns, rounding, overflow: 'saturate', stream } as const;
  device.run(cast, how, [old, storedScale, ...(rounding === 'stochastic' && seed ? [seed] : [])], kept);
  return { old, kept };
}
