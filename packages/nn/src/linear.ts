/** @file A linear layer whose three products run in the formats of a recipe. */
import { FP32 } from '@octavo/formats';
import { isQuantized, type MatrixOperand, type Tensor } from '@octavo/kernels';
import { accumulate, activationFormat, type Context, done, recordBackward } from './context.ts';
import { scaleChannels, smoothFactors } from './functions/scale-channels.ts';
import { dropOperand, matmul, quantize, quantizeSmooth, quantizeWeight } from './operand.ts';
import { type OperandName, type Precision, type Site, siteOf } from './precision.ts';
import type { CastRecipe, LinearName, Smoothing } from './recipe.ts';
import { smoothingOf } from './smoothing.ts';
import type { Parameter, Variable } from './variable.ts';
import { variable } from './variable.ts';

/** `y = x Wᵀ` with `weight` `[out, in]`, and the site of each product's operands. */
export interface Fp8Linear {
  readonly layer: number;
  readonly name: LinearName;
  readonly weight: Parameter;
  readonly sites: {
    readonly output: { readonly input: Site; readonly weight: Site };
    readonly gradInput: { readonly grad: Site; readonly weight: Site };
    readonly gradWeight: { readonly grad: Site; readonly input: Site };
  };
}

/** A linear layer of block `layer`, its casts registered with the model's precision. */
export function createFp8Linear(
  precision: Precision,
  layer: number,
  name: LinearName,
  weight: Parameter,
): Fp8Linear {
  const { recipe } = precision;
  const { output, gradInput, gradWeight } = recipe.overrides[name] ?? recipe.linear;
  const site = (operand: OperandName, cast: CastRecipe | null) =>
    siteOf(precision, layer, name, operand, cast);
  return {
    layer,
    name,
    weight,
    sites: {
      output: { input: site('input', output.input), weight: site('weight', output.weight) },
      gradInput: { grad: site('grad', gradInput.grad), weight: site('weight', gradInput.weight) },
      gradWeight: { grad: site('grad', gradWeight.grad), input: site('input', gradWeight.input) },
    },
  };
}

/**
 * y = x Wᵀ: x `[T, in]` → `[T, out]`. Operands cast alike for two products are cast once.
 *
 * The layer `down` undoes Smooth-SwiGLU per channel (arXiv 2409.12517). As its equation has it, inside the product:
 * y = Σ_j s_j⁻¹ Q(W_j) Q(s_j x_j). Folded, as its text lets the rescaling be fused into the casts and a matrix unit can
 * run it: y = Q(s ⊙ x) · Q(W / s)ᵀ, and with s a constant dx = s ⊙ (Q(dy) · Q(W / s)), dW = (Q(dy)ᵀ · Q(s ⊙ x)) / s,
 * where s stands outside both sums. The weight is then cast anew for every micro-batch, and its site sees the maxima of W / s.
 */
export function linear(context: Context, layer: Fp8Linear, x: Variable): Variable {
  const smoothing: Smoothing =
    layer.name === 'down' ? smoothingOf(context.precision.recipe, layer.layer) : 'none';
  if (smoothing !== 'channel-folded')
    return product(context, layer, x, layer.weight, smoothing === 'channel' ? quantizeSmooth : quantize);
  const { s, inverse } = smoothFactors(context, x.value); // [1, in] each
  const smoothed = scaleChannels(context, x, s); // [T, in]
  const weight = scaleChannels(context, layer.weight, inverse); // [out, in]
  const y = product(context, layer, smoothed, weight, quantize); // [T, out]
  for (const part of [smoothed, weight]) done(context, part);
  return y;
}

type Cast = (context: Context, site: Site, value: Tensor) => MatrixOperand;

/** y = x Wᵀ in the layer's formats, for its own weight (cast once a step) or one made of it. */
function product(
  context: Context,
  { sites, weight: own }: Fp8Linear,
  x: Variable,
  weight: Variable | Parameter,
  castInput: Cast,
): Variable {
  const format = activationFormat(context);
  const castOf = (cast: Cast, value: Tensor) => {
    const cache = new Map<Site, MatrixOperand>();
    const operand = (site: Site): MatrixOperand => {
      if (!cache.has(site)) cache.set(site, cast(context, site, value));
      return cache.get(site)!;
    };
    const drop = (except?: MatrixOperand): void => {
      for (const each of cache.values()) if (each !== except) dropOperand(context, each);
    };
    return { operand, drop };
  };
  const input = castOf(castInput, x.value);
  const weights = castOf(weight === own ? quantizeWeight : quantize, weight.value);

  const y = variable(
    matmul(
      context,
      input.operand(sites.output.input),
      weights.operand(sites.output.weight),
      { b: true },
      format,
    ),
  ); // [T, out]
  if (!context.tape) {
    for (const operands of [input, weights]) operands.drop();
    return y;
  }

  // Codes, or x and W themselves where they are not cast.
  const kept = input.operand(sites.gradWeight.input);
  const keptWeight = weights.operand(sites.gradInput.weight);
  input.drop(kept);
  weights.drop(keptWeight);
  const plain = [kept, keptWeight].filter((operand): operand is Tensor => !isQuantized(operand));
  recordBackward(context, y, plain, (grad) => {
    const cast = castOf(quantize, grad); // [T, out]
    const [toInput, toWeight] = [cast.operand(sites.gradInput.grad), cast.operand(sites.gradWeight.grad)];
    accumulate(context, x, matmul(context, toInput, keptWeight, {}, format)); // [T, in]
    accumulate(context, weight, matmul(context, toWeight, kept, { a: true }, FP32)); // [out, in]
    cast.drop();
    for (const operand of [kept, keptWeight]) dropOperand(context, operand);
  });
  return y;
}
