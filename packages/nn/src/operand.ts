/** @file Operands of a GEMM, and how a site turns a tensor into one. */
import { type Format, FP32 } from '@octavo/formats';
import {
  amax,
  type Block,
  cast,
  castStatistics,
  castWithStatistics,
  elements,
  gemm,
  isQuantized,
  type MatrixOperand,
  matrixShape,
  multiply,
  type Quantized,
  quantizeCurrent,
  quantizeScaled,
  runFused,
  type Scope,
  scaleBy,
  scaleFromAmax,
  scaleShape,
  smoothScale,
  type Tensor,
} from '@octavo/kernels';
import { blockOf } from '@octavo/scaling';
import { apply, type Context } from './context.ts';
import { noteMaximum } from './observe.ts';
import { type Site, STATISTICS_LENGTH } from './precision.ts';
import type { CastRecipe } from './recipe.ts';

/** Frees an operand's codes and scales where the scope has them and nobody else holds them; a plain tensor stays. */
export function dropOperand({ scope }: Context, operand: MatrixOperand): void {
  if (!isQuantized(operand)) return;
  for (const tensor of [operand.codes, operand.scale]) scope.drop(tensor);
}

/** C = op(A) · op(B), scales removed, rounded to `format`. */
export function matmul(
  context: Pick<Context, 'device' | 'scope'>,
  a: MatrixOperand,
  b: MatrixOperand,
  transpose: { a?: boolean; b?: boolean },
  format: Format,
): Tensor {
  const blockA = isQuantized(a) ? a.block : { rows: 1, columns: 1 };
  const blockB = isQuantized(b) ? b.block : { rows: 1, columns: 1 };
  const attributes = {
    transposeA: transpose.a ?? false,
    transposeB: transpose.b ?? false,
    aBlockRows: blockA.rows,
    aBlockColumns: blockA.columns,
    bBlockRows: blockB.rows,
    bBlockColumns: blockB.columns,
    scaledA: isQuantized(a),
    scaledB: isQuantized(b),
  };
  const inputs = [isQuantized(a) ? a.codes : a, isQuantized(b) ? b.codes : b];
  if (isQuantized(a)) inputs.push(a.scale);
  if (isQuantized(b)) inputs.push(b.scale);
  return apply(context, gemm, attributes, inputs, format);
}

/**
 * Casts a tensor at a site, as its policy says, and notes its maximum (and, on sampled steps, its statistics).
 * The codes live in `scope`. Where the site casts nothing, the tensor itself.
 */
export function quantize(
  context: Context,
  site: Site,
  x: Tensor,
  scope: Scope = context.scope,
): MatrixOperand {
  const { device } = context;
  context.precision.onOperand?.(site, x);
  const [rows, columns] = matrixShape(x.shape);
  if (!site.cast) {
    const block = { rows, columns };
    if (context.precision.recording)
      noteMaximum(context, site, apply(context, amax, blockAttributes(block), [x], FP32));
    sampleStatistics(context, site, x, { codes: x, scale: site.scale, block }, site.scale);
    return x;
  }
  const block = blockOf(site.cast.granularity, rows, columns);
  const { attributes, seed } = castArguments(context, site, site.cast, block);
  const codes = scope.alloc(x.shape, site.format);
  const maxima = context.scope.alloc(scaleShape(x.shape, block), FP32);
  let scale = site.scale;
  if (site.usesOwnMaximum) {
    scale = scope.alloc(scaleShape(x.shape, block), FP32);
    const { margin, powerOfTwo } = ownScale(site, site.cast);
    runFused(
      device,
      quantizeCurrent,
      { ...attributes, margin, powerOfTwo },
      [x, ...seed],
      [codes, scale, maxima],
    );
  } else if (samples(context)) {
    const statistics = context.scope.alloc([STATISTICS_LENGTH - 1], FP32);
    const limits = limitsOf(site);
    runFused(
      device,
      castWithStatistics,
      { ...attributes, ...limits },
      [x, scale, ...seed],
      [codes, maxima, statistics],
    );
    recordStatistics(context, site, statistics, scale);
  } else {
    runFused(device, quantizeScaled, attributes, [x, scale, ...seed], [codes, maxima]);
  }
  noteMaximum(context, site, maxima);
  const quantized = { codes, scale, block };
  if (site.usesOwnMaximum) sampleStatistics(context, site, x, quantized, scale);
  return quantized;
}

/**
 * Casts the output of SwiGLU with one power of two per channel (Smooth-SwiGLU, paper's equation):
 * h_j is cast as Q(s_j h_j), s_j = 2^-⌈log2 max_t |h_tj|⌉, so the channel's scale is s_j times the site's.
 */
export function quantizeSmooth(context: Context, site: Site, h: Tensor): MatrixOperand {
  if (!site.cast) return quantize(context, site, h);
  context.precision.onOperand?.(site, h);
  const [rows] = matrixShape(h.shape);
  const block = { rows, columns: 1 };
  const channelMaxima = apply(context, amax, blockAttributes(block), [h], FP32);
  const smooth = apply(context, smoothScale, {}, [channelMaxima], FP32);
  const smoothed = apply(context, multiply, {}, [channelMaxima, smooth], FP32);
  const whole = { rows: 1, columns: smoothed.shape[1]! };
  const maximum = apply(context, amax, blockAttributes(whole), [smoothed], FP32);
  const siteScale = site.usesOwnMaximum
    ? apply(context, scaleFromAmax, ownScale(site, site.cast), [maximum], FP32)
    : site.scale;
  const scale = apply(context, scaleBy, {}, [smooth, siteScale], FP32);
  const codes = context.scope.alloc(h.shape, site.format);
  const { attributes, seed } = castArguments(context, site, site.cast, block);
  context.device.run(cast, attributes, [h, scale, ...seed], codes);
  noteMaximum(context, site, maximum);
  const quantized = { codes, scale, block };
  sampleStatistics(context, site, h, quantized, siteScale);
  return quantized;
}

/** A weight's codes, cast once for as long as the weight stays the same. */
export function quantizeWeight(context: Context, site: Site, weight: Tensor): MatrixOperand {
  const { precision } = context;
  const cached = precision.weights.get(site);
  if (cached) return cached;
  const operand = quantize(context, site, weight, precision.weightScope);
  precision.weights.set(site, operand);
  return operand;
}

const blockAttributes = (block: Block) => ({ blockRows: block.rows, blockColumns: block.columns });

function castArguments(context: Context, site: Site, recipe: CastRecipe, block: Block) {
  const { rounding, overflow } = recipe;
  return {
    attributes: { ...blockAttributes(block), rounding, overflow, stream: site.index },
    seed: rounding === 'stochastic' ? [context.precision.seed] : [],
  };
}

/** How a scale comes from the tensor's own maximum. */
function ownScale(site: Site, { policy }: CastRecipe): { max: number; margin: number; powerOfTwo: boolean } {
  if (policy.kind === 'fixed') return { max: site.format.max, margin: 0, powerOfTwo: false };
  return { max: site.format.max, margin: policy.margin, powerOfTwo: policy.powerOfTwo };
}

/** Whether what casts do is recorded now: once a sampled step, on the first micro-batch. */
const samples = ({ precision: { recording } }: Context): boolean =>
  recording !== null && recording.statistics !== null && recording.microBatch === 0;

/** From where values are clipped, and below what they vanish. */
const limitsOf = ({ format }: Site) => ({
  max: format.max * (1 + 2 ** -22), // amax · (max / amax) may exceed max by its rounding: nothing is clipped
  minSubnormal: format.minSubnormal,
});

/** What a cast did to a tensor, from the tensor itself. */
function sampleStatistics(
  context: Context,
  site: Site,
  x: Tensor,
  { scale, block }: Quantized,
  siteScale: Tensor,
): void {
  if (!samples(context)) return;
  const attributes = { ...blockAttributes(block), ...limitsOf(site) };
  recordStatistics(context, site, apply(context, castStatistics, attributes, [x, scale], FP32), siteScale);
}

function recordStatistics(
  { device, precision }: Context,
  site: Site,
  statistics: Tensor,
  siteScale: Tensor,
): void {
  const to = precision.recording!.statistics!;
  device.copy(to, statistics, { to: site.index * STATISTICS_LENGTH });
  if (elements(siteScale.shape) === 1)
    device.copy(to, siteScale, { to: (site.index + 1) * STATISTICS_LENGTH - 1 });
}
