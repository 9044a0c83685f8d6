/** @file How many updates the master weights' format loses. */
import { FP32, type Rounding } from '@octavo/formats';
import {
  cast,
  createScope,
  type Device,
  dequantize,
  lostUpdates,
  matrixShape,
  type Scope,
  sum,
  type Tensor,
} from '@octavo/kernels';
import type { AdamState } from './adamw.ts';

interface Update {
  readonly grad: Tensor;
  readonly hyper: Tensor;
  readonly seed: Tensor;
  readonly stream: number;
  readonly decays: boolean;
  readonly masterRounding: Rounding;
}

/**
 * Into `lost`, FP32 `[1]`: how many elements had an update that was not zero, and are stored as they would be without it,
 * that is as their old weight rounded again under the new scale, by the same random bits if any. (A scale of max / amax
 * moves a little at nearly every step, so that codes alone do not tell.) Rounded to nearest such an update is gone;
 * rounded stochastically it is only unlucky: on average nothing is lost.
 */
export function countLost(
  device: Device,
  before: AdamState,
  after: AdamState,
  update: Update,
  lost: Tensor,
): void {
  const scope = createScope(device);
  const { grad, hyper, decays } = update;
  const kept = storedAgain(device, scope, before, after, update);
  const flags = scope.alloc(after.master.shape, FP32);
  device.run(
    lostUpdates,
    { decays },
    [after.master, kept, before.master, before.moment1, grad, hyper],
    flags,
  );
  device.run(sum, {}, [flags], lost);
  scope.release();
}

/** The old master weights in their format under the new scale. */
function storedAgain(
  device: Device,
  scope: Scope,
  { master, masterScale }: AdamState,
  after: AdamState,
  { masterRounding: rounding, seed, stream }: Update,
): Tensor {
  if (master.format === FP32) return master;
  const [blockRows, blockColumns] = matrixShape(master.shape);
  const values = scope.alloc(master.shape, FP32);
  device.run(dequantize, { blockRows, blockColumns }, [master, masterScale], values);
  const codes = scope.alloc(master.shape, master.format);
  const how = { blockRows, blockColumns, rounding, overflow: 'saturate', stream } as const;
  const draws = rounding === 'stochastic' ? [seed] : [];
  device.run(cast, how, [values, after.masterScale, ...draws], codes);
  return codes;
}
