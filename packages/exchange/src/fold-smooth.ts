/** @file Smoothing folded into the weights: every SwiGLU channel scaled by a power of two in up, and back in down. */
import {
  encodeSafetensors,
  type SafetensorsEntry,
  type SafetensorsTensor,
  type SafetensorsType,
} from '@octavo/store';
import type { ChannelMaxima } from './calibrate/calibrate.ts';
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
    return balancingScale(row, column);
  });
}

/** The same from a channel's maxima. */
export function balancingScale(row: number, column: number): number {
  const exponent = Math.round(Math.log2(column / row) / 2);
  return row > 0 && column > 0 && Number.isFinite(exponent)
    ? 2 ** Math.max(-LIMIT, Math.min(LIMIT, exponent))
    : 1;
}

/**
 * The scale of each channel from the largest magnitudes a_j of SwiGLU's output: s_j = 2^-⌈log2 a_j⌉, Smooth-SwiGLU's own
 * (arXiv 2409.12517), so that no channel is above 1; 1 where a channel is zero.
 */
export const scalesOfMaxima = (maxima: Float32Array): Float32Array =>
  maxima.map((a) =>
    a > 0 && Number.isFinite(a) ? 2 ** -Math.max(-LIMIT, Math.min(LIMIT, Math.ceil(Math.log2(a)))) : 1,
  );

/** Maxima as they are once a model is folded by them. */
export const foldedMaxima = (maxima: ChannelMaxima): ChannelMaxima =>
  new Map(
    [...maxima].map(([name, seen]) => {
      if (!name.endsWith('.down')) return [name, seen];
      const scales = scalesOfMaxima(seen);
      return [name, seen.map((value, j) => value * scales[j]!)];
    }),
  );

/**
 * The same function with W_up ← s ⊙ W_up and W_down ← W_down / s: powers of two move exponents alone, so outputs in float32 are
 * equal bit for bit as long as no value leaves the type's normal numbers; matrices in F16, which has few of them, become F32.
 * `maxima` (those of `layers.N.down`) give the scales; without them, or where a layer has none, the weights do.
 */
export function foldSmooth(source: ModelSource, maxima: ChannelMaxima = new Map()): ModelSource {
  const { ffnSize } = source.config;
  const typeOf = ({ name, dtype }: Pick<SafetensorsEntry, 'name' | 'dtype'>): SafetensorsType =>
    PART.test(name) && dtype === 'F16' ? 'F32' : dtype;
  let last: { readonly layer: string; readonly scales: Float32Array } | undefined;
  const scalesOf = async (layer: string): Promise<Float32Array> => {
    if (last?.layer === layer) return last.scales;
    const part = async (name: string) =>
      valuesOf(await source.read(`model.layers.${layer}.mlp.${name}_proj.weight`));
    const own = maxima.get(`layers.${layer}.down`);
    const scales = own ? scalesOfMaxima(own) : smoothingScales(await part('up'), await part('down'), ffnSize);
    last = { layer, scales };
    return scales;
  };
  return {
    ...source,
    tensors: source.tensors.map((tensor) => ({ ...tensor, dtype: typeOf(tensor) })),
    async read(name) {
      const [, layer, which] = PART.exec(name) ?? [];
      const tensor: SafetensorsTensor = await source.read(name);
      if (layer === undefined) return tensor;
      const scales = await scalesOf(layer);
      const values = valuesOf(tensor);
      const width = values.length / ffnSize;
      for (let i = 0; i < values.length; i++)
        values[i]! *= which === 'up' ? scales[Math.floor(i / width)]! : 1 / scales[i % ffnSize]!;
      const dtype = typeOf(tensor);
      return { ...tensor, dtype, data: encodeSafetensors(dtype, values) as Uint8Array<ArrayBuffer> };
    },
  };
}
