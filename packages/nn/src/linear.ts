/** @file A linear layer whose three products run in the formats of a recipe. */
import { FP32 } from '@octavo/formats';
import type { MatrixOperand, Tensor } from '@octavo/kernels';
import { accumulate, activationFormat, type Context, consuming, result } from './context.ts';
import { scaleChannels, smoothFactors } from './functions/scale-channels.ts';
import { dropOperand, keepOperand, matmul } from './operand.ts';
import { type OperandName, type Precision, type Site, siteOf } from './precision.ts';
import { type Cast, quantize, quantizeSmooth, quantizeWeight } from './quantize.ts';
import type { CastRecipe, LinearName, Smoothing } from './recipe.ts';
import { unseen } from './recompute.ts';
import { smoothingOf } from './smoothing.ts';
import type { Parameter, Variable } from './variable.ts';

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
  const { name, weight, sites } = layer;
  const smoothing: Smoothing = name === 'down' ? smoothingOf(context.precision.recipe, layer.layer) : 'none';
  if (smoothing === 'channel-folded') {
    const { s, inverse } = smoothFactors(context, x.value); // [1, in] each
    const smoothed = scaleChannels(context, x, s); // [T, in]
    const scaled = scaleChannels(context, weight, inverse); // [out, in]
    return product(context, sites, smoothed, scaled, { input: quantize, weight: quantize });
  }
  const input = smoothing === 'channel' ? quantizeSmooth : quantize;
  return product(context, sites, x, weight, { input, weight: quantizeWeight });
}

/** y = x Wᵀ, dx = dy W and dW = dyᵀ x, each of operands as its sites cast them; gradients of parameters are FP32. */
function product(
  context: Context,
  { output, gradInput, gradWeight }: Fp8Linear['sites'],
  x: Variable,
  w: Variable | Parameter,
  casts: { input: Cast; weight: Cast },
): Variable {
  const format = activationFormat(context);
  const [input, keptInput] = operands(context, casts.input, x.value, output.input, gradWeight.input); // [T, in]
  const inputForGradWeight = keptOrAgain(context, keptInput, x, (value) =>
    casts.input(context, gradWeight.input, value),
  );
  const [weight, weightForGradInput] = operands(
    context,
    casts.weight,
    w.value,
    output.weight,
    gradInput.weight,
  ); // [out, in]
  const y = matmul(context, input, weight, { b: true }, format); // y = x Wᵀ: [T, out]
  return result(context, y, { consumes: [x.value, w.value] }, (gradOutput) => {
    const [grad, gradForGradWeight] = operands(
      context,
      quantize,
      gradOutput,
      gradInput.grad,
      gradWeight.grad,
    ); // [T, out]
    const dx = matmul(context, grad, weightForGradInput, {}, format); // dx = dy W: [T, in]
    accumulate(context, x, dx);
    const dw = matmul(context, gradForGradWeight, inputForGradWeight(), { a: true }, FP32); // dW = dyᵀ x: [out, in]
    accumulate(context, w, dw);
  });
}

/** A tensor as two products take it: cast once where both cast it alike. Without a tape the second is never computed. */
function operands(
  context: Context,
  cast: Cast,
  x: Tensor,
  site: Site,
  later: Site,
): [first: MatrixOperand, second: MatrixOperand] {
  const operand = cast(context, site, x);
  if (!context.tape) return [operand, operand];
  return [operand, later === site ? keepOperand(context, operand) : cast(context, later, x)];
}

/** The operand that the backward pass takes: kept, or where only what is dear is, cast again from its value computed again. */
function keptOrAgain(
  context: Context,
  kept: MatrixOperand,
  { again }: Variable,
  cast: (value: Tensor) => MatrixOperand,
): () => MatrixOperand {
  if (!context.tape || context.recompute !== 'selective' || !again) return () => kept;
  dropOperand(context, kept);
  return () => unseen(context.precision, () => consuming(context, again(), cast));
}
