/** @file How a site turns a tensor into an operand. */
import { FP32 } from '@octavo/formats';
import {
  amax,
  type Block,
  cast,
  castWithStatistics,
  createScope,
  type MatrixOperand,
  matrixShape,
  multiply,
  quantizeCurrent,
  quantizeScaled,
  type Scope,
  scaleBy,
  scaleFromAmax,
  scaleShape,
  smoothScale,
  type Tensor,
} from '@octavo/kernels';
import { blockOf, type FixedPolicy, type Policy } from '@octavo/scaling';
import { apply, type Context } from './context.ts';
import { maximumOf, noteMaximum } from './observe.ts';
import { keepOperand } from './operand.ts';
import { inFirstMicroBatch, type Site } from './precision.ts';
import type { CastRecipe } from './recipe.ts';
import { STATISTICS_LENGTH } from './recording.ts';
import { limitsOf, noteStatistics, sampleStatistics, samples } from './statistics.ts';

/** Casts a tensor to the operand of one product, which frees it; the tensor itself stays unchanged. */
export type Cast = (context: Context, site: Site, x: Tensor) => MatrixOperand;

/** Gives what `cast` makes where the site casts, else the tensor itself; temporaries go when it is done. */
function operandOf(
  context: Context,
  site: Site,
  x: Tensor,
  cast: (context: Context, recipe: CastRecipe) => MatrixOperand,
): MatrixOperand {
  const { precision, device } = context;
  precision.onOperand?.(site, x);
  const inner = { ...context, scope: createScope(device) };
  const operand = site.cast ? cast(inner, site.cast) : keepOperand(context, x);
  if (!site.cast && precision.recording) {
    const [rows, columns] = matrixShape(x.shape);
    noteMaximum(inner, site, maximumOf(inner, x));
    sampleStatistics(inner, site, x, { scale: site.scale, block: { rows, columns } });
  }
  inner.scope.release();
  return operand;
}

/**
 * Casts a tensor at a site, as its policy says, and notes its maximum (and, on sampled steps, its statistics).
 * The codes live in `scope`. Where the site casts nothing, the tensor itself, held once more.
 */
export function quantize(
  context: Context,
  site: Site,
  x: Tensor,
  scope: Scope = context.scope,
): MatrixOperand {
  return operandOf(context, site, x, (inner, recipe) => {
    const { device } = context;
    const block = blockOf(recipe.granularity, ...matrixShape(x.shape));
    const { attributes, seed } = castArguments(context, site, recipe, block);
    const codes = scope.alloc(x.shape, site.format);
    const maxima = inner.scope.alloc(scaleShape(x.shape, block), FP32);
    let { scale } = site;
    if (site.usesOwnMaximum) {
      scale = scope.alloc(scaleShape(x.shape, block), FP32);
      const own = { ...attributes, ...marginOf(recipe) };
      device.run(quantizeCurrent, own, [x, ...seed], [codes, scale, maxima]);
      sampleStatistics(inner, site, x, { scale, block });
    } else if (samples(context)) {
      const statistics = inner.scope.alloc([STATISTICS_LENGTH - 1], FP32);
      const both = { ...attributes, ...limitsOf(site) };
      device.run(castWithStatistics, both, [x, scale, ...seed], [codes, maxima, statistics]);
      noteStatistics(inner, site, statistics, scale);
    } else device.run(quantizeScaled, attributes, [x, scale, ...seed], [codes, maxima]);
    noteMaximum(inner, site, maxima);
    return { codes, scale, block };
  });
}

/**
 * Casts the output of SwiGLU with one power of two per channel (Smooth-SwiGLU, paper's equation):
 * h_j is cast as Q(s_j h_j), s_j = 2^-⌈log2 max_t |h_tj|⌉, so the channel's scale is s_j times the site's.
 */
export function quantizeSmooth(context: Context, site: Site, h: Tensor): MatrixOperand {
  return operandOf(context, site, h, (inner, recipe) => {
    const { device, scope } = context;
    const [rows] = matrixShape(h.shape);
    const block = { rows, columns: 1 };
    const channelMaxima = apply(inner, amax, blockAttributes(block), [h], FP32); // [1, F]
    const smooth = apply(inner, smoothScale, {}, [channelMaxima], FP32); // [1, F]
    const maximum = maximumOf(inner, apply(inner, multiply, {}, [channelMaxima, smooth], FP32)); // [1, 1]
    const siteScale = site.usesOwnMaximum
      ? apply(inner, scaleFromAmax, { max: site.format.max, ...marginOf(recipe) }, [maximum], FP32)
      : site.scale;
    const scale = apply({ device, scope }, scaleBy, {}, [smooth, siteScale], FP32); // [1, F]
    const codes = scope.alloc(h.shape, site.format); // [T, F]
    const { attributes, seed } = castArguments(context, site, recipe, block);
    device.run(cast, attributes, [h, scale, ...seed], [codes]);
    noteMaximum(inner, site, maximum);
    sampleStatistics(inner, site, h, { scale, block }, siteScale);
    return { codes, scale, block };
  });
}

/** A weight's codes, cast once for as long as the weight stays the same, whichever micro-batch comes first here. */
export function quantizeWeight(context: Context, site: Site, weight: Tensor): MatrixOperand {
  const { weights, weightScope } = context.precision;
  const cast = () => quantize(context, site, weight, weightScope);
  const operand = weights.get(site) ?? inFirstMicroBatch(context.precision, cast);
  weights.set(site, operand);
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

/** The margin and rounding of a scale that is computed from the tensor's own maximum; a fixed policy has none. */
function marginOf({ policy }: CastRecipe) {
  const { margin, powerOfTwo } = policy as Exclude<Policy, FixedPolicy>;
  return { margin, powerOfTwo };
}
