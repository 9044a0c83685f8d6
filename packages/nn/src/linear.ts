/** @file A linear layer whose three products run in the formats of a recipe. */
import type { Tensor } from '@octavo/kernels';
import { accumulate, activationFormat, type Context, recordBackward } from './context.ts';
import {
  dropOperand,
  type MatrixOperand,
  matmul,
  quantize,
  quantizeSmooth,
  quantizeWeight,
} from './operand.ts';
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
    const cache = new Map<Site, MatrixOperand>();
    const operand = (site: Site): MatrixOperand => {
      if (!cache.has(site)) cache.set(site, cast(site, value));
      return cache.get(site)!;
    };
    const drop = (except?: MatrixOperand): void => {
      for (const each of cache.values()) if (each !== except) dropOperand(context, each);
    };
    return { operand, drop };
  };
  const smooth = layer.name === 'down' && smoothingOf(context.precision.recipe, layer.layer) === 'channel';
  const input = castOf((s, v) => (smooth ? quantizeSmooth(context, s, v) : quantize(context, s, v)), x.value);
  const weights = castOf((s, v) => quantizeWeight(context, s, v), weight.value);

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
    input.drop();
    return y;
  }

  const kept = input.operand(sites.gradWeight.input); // codes, or x itself where it is not cast
  input.drop(kept);
  recordBackward(context, y, kept === x.value ? [kept] : [], (grad) => {
    const cast = castOf((s, v) => quantize(context, s, v), grad); // [T, out]
    const [toInput, toWeight] = [cast.operand(sites.gradInput.grad), cast.operand(sites.gradWeight.grad)];
    accumulate(context, x, matmul(context, toInput, weights.operand(sites.gradInput.weight), {}, format)); // [T, in]
    accumulate(context, weight, matmul(context, toWeight, kept, { a: true }, format)); // [out, in]
    cast.drop();
    dropOperand(context, kept);
  });
  return y;
}
