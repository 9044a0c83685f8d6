/**
 * @file The product of `down` alone, out of the base model: its own SwiGLU outputs and weight, but for one channel, which
 * puts out Z on one token. Shows what the two forms of Smooth-SwiGLU keep of all other tokens, and on what that depends:
 * the size of the outlier, and whether its column of the weight is ordinary or as small as long training leaves it.
 */
import { FP32 } from '@octavo/formats';
import { createScope, type Device, type Tensor } from '@octavo/kernels';
import {
  type Context,
  createFp8Linear,
  createPrecision,
  destroyPrecision,
  linear,
  matmul,
  type Recipe,
  recipeOf,
  swiglu,
  variable,
} from '@octavo/nn';
import { mean, meanOf } from '../engine/numbers.ts';
import { where } from '../engine/rows.ts';
import { gatherInputs } from '../training/aged-model.ts';
import { outputNorm } from '../training/ageing.ts';
import { AFTER_BASE, cleanBatch } from '../training/batches.ts';
import type { BaseLaboratory } from '../training/plan.ts';
import type { Snapshot } from '../training/snapshot.ts';
import type { InstabilitySettings } from './settings.ts';

/** `small`: the outlier adds 0.3 of the mean output's norm, as in the aged checkpoint; `ordinary`: the column as it is. */
export type Column = 'ordinary' | 'small';
export const columns: readonly Column[] = ['ordinary', 'small'];

export interface ProductError {
  readonly seed: number;
  readonly layer: number;
  readonly column: Column;
  /** Z */
  readonly outlier: number;
  readonly recipe: string;
  /** ‖y − exact‖ / ‖exact‖ over the tokens without the outlier; casts take this product's own maxima. */
  readonly error: number;
}

/** h `[T, F]` and W `[D, F]`, row by row. */
export interface Operands {
  readonly h: Float32Array;
  readonly weight: Float32Array;
  readonly ffn: number;
}

const PRODUCT_BATCHES = 2 ** 18;

/** Every layer, column, outlier and recipe of a seed. */
export async function productErrors(
  lab: BaseLaboratory<InstabilitySettings>,
  base: Snapshot,
  seed: number,
  onShare: (share: number) => void,
): Promise<ProductError[]> {
  const { settings, device, signal } = lab;
  const { model, sequence, outliers, productRecipes } = settings;
  const batch = cleanBatch(lab, seed, AFTER_BASE + PRODUCT_BATCHES);
  const found: ProductError[] = [];
  for (let layer = 0; layer < model.layers; layer++) {
    const inputs = await gatherInputs(device, model, base, layer, [batch], { sequence, wanted: () => true });
    const whole = await operandsOf(device, base, layer, inputs, model.hiddenSize);
    for (const column of columns) {
      for (const outlier of outliers) {
        signal?.throwIfAborted();
        const operands = withOutlier(whole, outlier, column);
        const exact = await productIn(device, recipeOf('fp32'), operands);
        for (const recipe of productRecipes) {
          const got = await productIn(device, recipeOf(recipe), operands);
          const error = relativeError(got, exact, model.hiddenSize);
          found.push({ seed, layer, column, outlier, recipe, error });
        }
      }
    }
    onShare((layer + 1) / model.layers);
  }
  return found;
}

async function operandsOf(
  device: Device,
  { weights }: Snapshot,
  layer: number,
  inputs: Float32Array,
  hidden: number,
): Promise<Operands> {
  const gateUp = weights.get(`layers.${layer}.gateUp`)!;
  const weight = weights.get(`layers.${layer}.down`)!;
  const h = await onDevice(device, recipeOf('fp32'), (context, upload) => {
    const x = upload(inputs, hidden); // [T, D]
    return swiglu(context, variable(matmul(context, x, upload(gateUp, hidden), { b: true }, FP32))).value; // [T, F]
  });
  return { h, weight, ffn: weight.length / hidden };
}

/** The channel whose column has the median norm puts out Z on the first token and nothing on the others. */
export function withOutlier({ h, weight, ffn }: Operands, outlier: number, column: Column): Operands {
  const hidden = weight.length / ffn;
  const norms = Array.from({ length: ffn }, (_, j) =>
    Math.hypot(...Array.from({ length: hidden }, (_, i) => weight[i * ffn + j]!)),
  );
  const channel = [...norms.keys()].sort((a, b) => norms[a]! - norms[b]!)[Math.floor(ffn / 2)]!;
  const meanNorm = meanOf(h.length / ffn, (t) => outputNorm(h.subarray(t * ffn, (t + 1) * ffn), weight));
  const factor = column === 'ordinary' ? 1 : (0.3 * meanNorm) / (outlier * norms[channel]!);
  return {
    h: h.map((v, i) => (i % ffn !== channel ? v : i < ffn ? outlier : 0)),
    weight: weight.map((v, i) => (i % ffn === channel ? v * factor : v)),
    ffn,
  };
}

/** y = h Wᵀ as the recipe's `down` computes it, its result left in float32: `[T, D]`. */
export function productIn(
  device: Device,
  recipe: Recipe,
  { h, weight, ffn }: Operands,
): Promise<Float32Array> {
  return onDevice(device, { ...recipe, activations: 'fp32' }, (context, upload) => {
    const parameter = { name: 'down', value: upload(weight, ffn), grad: null, isMatrix: true };
    const down = createFp8Linear(context.precision, 0, 'down', parameter);
    return linear(context, down, variable(upload(h, ffn))).value;
  });
}

/** The values of the tensor that `compute` makes with a new precision; everything it allocates is freed. */
async function onDevice(
  device: Device,
  recipe: Recipe,
  compute: (context: Context, upload: (values: Float32Array, width: number) => Tensor) => Tensor,
): Promise<Float32Array> {
  const scope = createScope(device);
  const precision = createPrecision(device, recipe);
  try {
    const upload = (values: Float32Array, width: number): Tensor => {
      const tensor = scope.alloc([values.length / width, width], FP32);
      device.write(tensor, values);
      return tensor;
    };
    return await device.read(compute({ device, scope, tape: null, precision }, upload));
  } finally {
    destroyPrecision(precision);
    scope.release();
  }
}

/** ‖got − exact‖ / ‖exact‖ without the first row. */
function relativeError(got: Float32Array, exact: Float32Array, width: number): number {
  let [errors, squares] = [0, 0];
  for (let i = width; i < exact.length; i++) {
    errors += (got[i]! - exact[i]!) ** 2;
    squares += exact[i]! ** 2;
  }
  return Math.sqrt(errors / squares);
}

/** Mean error over the layers of a seed. */
export function meanError(
  products: readonly ProductError[],
  wanted: Pick<ProductError, 'seed' | 'column' | 'outlier' | 'recipe'>,
): number {
  return mean(where(products, wanted).map(({ error }) => error));
}
