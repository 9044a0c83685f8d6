/** @file Smoothing folded into the weights: every SwiGLU channel scaled by a power of two in up, and back in down. */
import { encodeSafetensors, type SafetensorsTensor } from '@octavo/store';
import { type ModelSource, valuesOf } from './source.ts';

const PART = /^model\.layers\.(\d+)\.mlp\.(up|down)_proj\.weight$/;

/** Beyond these a scaled weight could leave the numbers of BF16. */
const LIMIT = 32;

/**
 * The scale of each channel from a layer's weights: s_j = 2^round(½ log2 (max |down column j| / max |up row j|)), so that up's
 * rows and down's columns reach equally far (Nagel et al., arXiv 1906.04721, section 4.1, its scales rounded to powers of two);
 * 1 where one of them is zero or not finite. What flows between them shrinks by the same where up reaches far. up `[F, D]`,
 * down `[D, F]`.
 */
export function smoothingScales(up: Float32Array, down: Float32Array, channels: number): Float32Array {
  const width = up.length / channels;
  return Float32Array.from({ length: channels }, (_, j) => {
    let [row, column] = [0, 0];
    for (let i = 0; i < width; i++) {
      row = Math.max(row, Math.abs(up[j * width + i]!));
      column = Math.max(column, Math.abs(down[i * channels + j]!));
    }
    const exponent = Math.round(Math.log2(column / row) / 2);
    return row > 0 && column > 0 && Number.isFinite(exponent)
      ? 2 ** Math.max(-LIMIT, Math.min(LIMIT, exponent))
      : 1;
  });
}

/**
 * The same function with W_up ← s ⊙ W_up and W_down ← W_down / s: powers of two move exponents alone, so outputs in float32 are
 * equal bit for bit as long as no value leaves the type's normal numbers.
 */
export function foldSmooth(source: ModelSource): ModelSource {
  const { ffnSize } = source.config;
  let last: { readonly layer: string; readonly scales: Float32Array } | undefined;
  const scalesOf = async (layer: string): Promise<Float32Array> => {
    if (last?.layer === layer) return last.scales;
    const part = async (name: string) =>
      valuesOf(await source.read(`model.layers.${layer}.mlp.${name}_proj.weight`));
    const scales = smoothingScales(await part('up'), await part('down'), ffnSize);
    last = { layer, scales };
    return scales;
  };
  return {
    ...source,
    async read(name) {
      const [, layer, which] = PART.exec(name) ?? [];
      const tensor: SafetensorsTensor = await source.read(name);
      if (layer === undefined) return tensor;
      const scales = await scalesOf(layer);
      const values = valuesOf(tensor);
      const width = values.length / ffnSize;
      for (let i = 0; i < values.length; i++)
        values[i]! *= which === 'up' ? scales[Math.floor(i / width)]! : 1 / scales[i % ffnSize]!;
      return { ...tensor, data: encodeSafetensors(tensor.dtype, values) as Uint8Array<ArrayBuffer> };
    },
  };
}
