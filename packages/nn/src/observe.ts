/** @file What a step sees of its tensors: the largest magnitude of each in the order of computation, cast or not. */
import { FP32 } from '@octavo/formats';
import { amax, elements, matrixShape, type Tensor } from '@octavo/kernels';
import { apply, type Context } from './context.ts';
import type { Precision, Site } from './precision.ts';
import type { Point } from './recording.ts';

/** Notes the largest magnitude of a tensor that no site casts; outside a step nothing. */
export function observe(
  { device, precision: { recording } }: Pick<Context, 'device' | 'precision'>,
  of: Point,
  x: Tensor,
): void {
  if (!recording) return;
  const { microBatch, scope } = recording;
  recording.seen.push({ of, microBatch, maximum: maximumOf({ device, scope }, x) });
}

/** Keeps the maxima of a site's operand (one, or one a block) for its policy; outside a step nothing. */
export function noteMaximum(context: Context, site: Site, maxima: Tensor): void {
  const { device, precision } = context;
  const { recording } = precision;
  if (!recording) return;
  const { microBatch } = recording;
  const maximum = elements(maxima.shape) === 1 ? maxima : maximumOf(context, maxima);
  device.copy(recording.amaxes, maximum, { to: slotOf(precision, site, microBatch), length: 1 });
  recording.seen.push({ of: site, microBatch, maximum: null });
}

/** Where a site's maximum of a micro-batch lies among a step's. */
export const slotOf = ({ sites }: Pick<Precision, 'sites'>, { index }: Site, microBatch: number): number =>
  microBatch * sites.length + index;

/** max |x| of a whole tensor: FP32 `[1, 1]`. */
export function maximumOf(context: Pick<Context, 'device' | 'scope'>, x: Tensor): Tensor {
  const [blockRows, blockColumns] = matrixShape(x.shape);
  return apply(context, amax, { blockRows, blockColumns }, [x], FP32);
}
