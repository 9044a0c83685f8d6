import { FP32 } from '@octavo/formats';
import { createReferenceDevice, type Device } from '@octavo/kernels';
import { recipeOf } from '@octavo/nn';
import { createSimdDevice } from '@octavo/simd';
import { describe, expect, it } from 'vitest';
import { type CacheFormat, createCache, destroyCache, type Llama, nextLogits } from '../src/index.ts';
import { buildModel } from './support.ts';

const config = {
  ...{ vocabularySize: 64, hiddenSize: 48, layers: 3, heads: 6, keyValueHeads: 2, ffnSize: 96 },
  ...{ contextLength: 40, ropeTheta: 10_000, normEpsilon: 1e-5, tiedHead: false },
};
const text = Array.from({ length: 40 }, (_, i) => (i * i * 7 + 3 * i) % 64);

/** Logits after every token of the text, each fed as it stands. */
async function teacherForced(model: Llama, format?: CacheFormat): Promise<Float32Array[]> {
  const cache = createCache(model, format);
  const all: Float32Array[] = [];
  for (const token of text) all.push(await nextLogits(model, cache, token));
  destroyCache(model, cache);
  return all;
}

const largest = (a: readonly Float32Array[], b: readonly Float32Array[]): number =>
  Math.max(...a.flatMap((row, t) => Array.from(row, (x, i) => Math.abs(x - b[t]![i]!))));

describe('a cache in a format of choice', () => {
  it.each([
    ['fp32', 'bf16', 0.02],
    ['fp32', 'fp8', 0.08],
    ['bf16', 'fp32', 1e-9],
    ['bf16', 'fp8', 0.08],
  ] as const)(
    '%s activations, %s cache: logits move by no more than the format allows',
    async (recipe, format, bound) => {
      const model = buildModel(config, recipeOf(recipe));
      const [usual, kept] = [await teacherForced(model), await teacherForced(model, format)];
      const spread = Math.max(...usual.flatMap((row) => Array.from(row, Math.abs)));
      const moved = largest(usual, kept) / spread;
      expect(moved).toBeLessThan(bound);
      if (bound > 1e-6) expect(moved).toBeGreaterThan(0);
    },
  );

  it.each(['fp32', 'bf16', 'fp8'] as const)('%s: the same bits with 1, 2 and 3 threads', async (format) => {
    const logits: Float32Array[][] = [];
    for (const threads of [1, 2, 3]) {
      const device = await createSimdDevice({ threads });
      logits.push(await teacherForced(buildModel(config, recipeOf('fp8-full'), { device }), format));
      await device.destroy();
    }
    expect(logits[1]).toEqual(logits[0]);
    expect(logits[2]).toEqual(logits[0]);
  });

  it('takes as many bytes as its format has, and frees them', () => {
    const bytes = (format: CacheFormat): number => {
      const device: Device = createReferenceDevice();
      const model = buildModel(config, recipeOf('bf16'), { device });
      const cache = createCache(model, format);
      const shapes = [...cache.blocks, ...cache.scales].map(
        ({ shape, format: { bits } }) => [shape, bits] as const,
      );
      destroyCache(model, cache);
      return shapes.reduce((sum, [[rows, columns], bits]) => sum + (rows! * columns! * bits) / 8, 0);
    };
    const elements = config.layers * config.contextLength * 2 * config.keyValueHeads * 8;
    expect(bytes('fp32')).toBe(4 * elements);
    expect(bytes('bf16')).toBe(2 * elements);
    expect(bytes('fp8')).toBe(elements + (elements / 8) * (FP32.bits / 8));
  });
});
