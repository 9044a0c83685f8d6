/** @file What a step sees of its tensors: the largest magnitude of each in the order of computation, cast or not. */
import { FP32 } from '@octavo/formats';
import { amax, matrixShape, type Tensor } from '@octavo/kernels';
import { apply, type Context } from './context.ts';
import type { Precision, Site } from './precision.ts';

/** Which tensor of a model: an operand of a linear layer, or another that only has to be finite. */
export interface Point {
  /** Null: outside the blocks. */
  readonly layer: number | null;
  readonly name: string;
  readonly operand: string;
}

/** A tensor that was seen. */
export interface Seen {
  readonly of: Point;
  readonly microBatch: number;
  /** FP32, one element: the largest magnitude, infinity or NaN where there is one. Null: a site's, among its maxima. */
  readonly maximum: Tensor | null;
}

/** Notes the largest magnitude of a tensor that no site casts; outside a step nothing. */
export function observe(
  { device, precision }: Pick<Context, 'device' | 'precision'>,
  of: Point,
  x: Tensor,
): void {
  const { recording } = precision;
  if (!recording) return;
  const { microBatch, scope } = recording;
  const maximum = apply({ device, scope }, amax, wholeOf(x), [x], FP32);
  recording.seen.push({ of, microBatch, maximum });
}

/** Keeps the maxima of a site's operand (one, or one a block) for its policy. */
export function noteMaximum(context: Context, site: Site, maxima: Tensor): void {
  const { recording, sites } = context.precision;
  if (!recording) return;
  const { microBatch } = recording;
  const one = isOne(maxima) ? maxima : apply(context, amax, wholeOf(maxima), [maxima], FP32);
  context.device.copy(recording.amaxes, one, { to: slotOf({ sites }, site, microBatch), length: 1 });
  recording.seen.push({ of: site, microBatch, maximum: null });
}

/** Where a site's maximum of a micro-batch lies among a step's. */
export const slotOf = ({ sites }: Pick<Precision, 'sites'>, { index }: Site, microBatch: number): number =>
  microBatch * sites.length + index;

const isOne = ({ shape }: Tensor): boolean => shape.every((length) => length === 1);

const wholeOf = ({ shape }: Tensor): { blockRows: number; blockColumns: number } => {
  const [blockRows, blockColumns] = matrixShape(shape);
  return { blockRows, blockColumns };
};
