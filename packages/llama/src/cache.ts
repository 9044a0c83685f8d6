/** @file Keys and values of earlier tokens, kept in a format of choice: numbers as they are, or FP8 codes with scales. */
import { BF16, E4M3FN, type Format, FP32 } from '@octavo/formats';
import {
  attentionCached,
  attentionCachedScaled,
  quantizeCurrent,
  roundTo,
  type Tensor,
} from '@octavo/kernels';
import { activationFormat, type Context } from '@octavo/nn';
import { headDimOf } from './config.ts';
import { headsOf, type Llama } from './model.ts';

/**
 * How keys and values are kept. `fp8` is E4M3 (448) with one scale 448 / max |x| for each position, head, and keys or
 * values, found just in time: what was kept is never rounded again. (LMDeploy keeps its 8-bit caches per head and token, too.)
 */
export type CacheFormat = 'fp32' | 'bf16' | 'fp8';

export const cacheFormats: Readonly<Record<CacheFormat, Format>> = Object.freeze({
  fp32: FP32,
  bf16: BF16,
  fp8: E4M3FN,
});

/** Bytes of a position and layer of the cache. */
export const cacheRowBytes = (
  { keyValueHeads, headDim }: { keyValueHeads: number; headDim: number },
  format: CacheFormat,
): number => 2 * keyValueHeads * ((headDim * cacheFormats[format].bits) / 8 + (format === 'fp8' ? 4 : 0));

/** Keys and values of the tokens so far, per block. */
export interface Cache {
  /** `[contextLength, 2 · KV · hd]`, a row being `k | v`. */
  readonly blocks: readonly Tensor[];
  /** Of FP8 codes FP32 `[contextLength, 2 · KV]` a block; of numbers none. */
  readonly scales: readonly Tensor[];
  length: number;
}

/** An empty cache; by default in the format of the activations. */
export function createCache(model: Llama, format?: CacheFormat): Cache {
  const { config, device, blocks } = model;
  const { contextLength, keyValueHeads } = config;
  const kept = format ? cacheFormats[format] : activationFormat(model);
  const tensors = (width: number, of: Format) => blocks.map(() => device.alloc([contextLength, width], of));
  return {
    blocks: tensors(2 * keyValueHeads * headDimOf(config), kept),
    scales: kept === E4M3FN ? tensors(2 * keyValueHeads, FP32) : [],
    length: 0,
  };
}

export function destroyCache({ device }: Llama, { blocks, scales }: Cache): void {
  for (const tensor of [...blocks, ...scales]) device.free(tensor);
}

/** Attention of one token to those kept, its own keys and values being kept first: qkv `[1, (H + 2 KV) hd]` → `[1, H hd]`. */
export function attendKept(
  { config, device }: Llama,
  context: Context,
  { blocks, scales, length }: Cache,
  { qkv, positions, block }: { readonly qkv: Tensor; readonly positions: Tensor; readonly block: number },
): Tensor {
  const { scope } = context;
  const attributes = { ...headsOf(config), capacity: config.contextLength };
  const { heads, headDim } = attributes;
  const [kept, scale] = [blocks[block]!, scales[block]];
  const width = kept.shape[1]!;
  const [from, to] = [heads * headDim, length * width];
  const mixed = scope.alloc([1, from], activationFormat(context)); // [1, H hd]
  if (!scale) {
    const rounded = roundTo(device, qkv, kept.format);
    device.copy(kept, rounded, { from, to, length: width });
    if (rounded !== qkv) device.free(rounded);
    device.run(attentionCached, attributes, [qkv, kept, positions], [mixed]);
    return mixed;
  }
  const lines = width / headDim; // 2 KV
  const own = scope.alloc([lines, headDim], qkv.format);
  const codes = scope.alloc([lines, headDim], kept.format);
  const [found, maxima] = [scope.alloc([lines, 1], FP32), scope.alloc([lines, 1], FP32)];
  device.copy(own, qkv, { from, to: 0, length: width });
  device.run(quantizeCurrent, { ...JUST_IN_TIME, blockColumns: headDim }, [own], [codes, found, maxima]);
  device.copy(kept, codes, { from: 0, to, length: width });
  device.copy(scale, found, { from: 0, to: length * lines, length: lines });
  device.run(attentionCachedScaled, attributes, [qkv, kept, scale, positions], [mixed]);
  for (const tensor of [own, codes, found, maxima]) scope.drop(tensor);
  return mixed;
}

/** One scale a row, from its own maximum. */
const JUST_IN_TIME = {
  blockRows: 1,
  rounding: 'nearest-even',
  overflow: 'saturate',
  stream: 0,
  margin: 0,
  powerOfTwo: false,
} as const;
