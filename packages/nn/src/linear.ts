/** @file A linear layer whose three products run in the formats of a recipe. */
import type { Tensor } from '@octavo/kernels';
import { accumulate, activationFormat, type Context } from './context.ts';
import { type MatrixOperand, matmul, quantize, quantizeSmooth, quantizeWeight } from './operand.ts';
import { type Operand, type Precision, type Site, siteOf } from './precision.ts';
import type { CastRecipe, LinearName } from './recipe.ts';
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
  const site = (operand: Operand, cast: CastRecipe | null) => siteOf(precision, layer, name, operand, cast);
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

/** y = x Wᵀ: x `[T, in]` → `[T, out]`. Operands cast alike for two products are cast once. */
export function linear(context: Context, layer: Fp8Linear, x: Variable): Variable {
  const { sites, weight } = layer;
  const format = activationFormat(context);
  const castOf = (cast: (site: Site, value: Tensor) => MatrixOperand, value: Tensor) => {
    const done = new Map<Site, MatrixOperand>();
    return (site: Site): MatrixOperand => {
      if (!done.has(site)) done.set(site, cast(site, value));
      return done.get(site)!;
    };
  };
  const smooth = layer.name === 'down' && smoothingOf(context.precision.recipe, layer.layer) === 'channel';
  const input = castOf((s, v) => (smooth ? quantizeSmooth(context, s, v) : quantize(context, s, v)), x.value);
  const weights = castOf((s, v) => quantizeWeight(context, s, v), weight.value);

  const y = variable(
    matmul(context, input(sites.output.input), weights(sites.output.weight), { b: true }, format),
  ); // [T, out]
  if (!context.tape) return y;

  const keptInput = input(sites.gradWeight.input);
  context.tape.record(() => {
    const grad = castOf((s, v) => quantize(context, s, v), y.grad!); // [T, out]
    accumulate(
      context,
      x,
      matmul(context, grad(sites.gradInput.grad), weights(sites.gradInput.weight), {}, format),
    ); // [T, in]
    accumulate(context, weight, matmul(context, grad(sites.gradWeight.grad), keptInput, { a: true }, format)); // [out, in]
  });
  return y;
}
