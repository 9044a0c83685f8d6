import { BF16, FP32 } from '@octavo/formats';
import { createReferenceDevice, type Device } from '@octavo/kernels';
import { countParameters, parameterSpecs } from '@octavo/llama';
import { createDevice } from '@octavo/trainer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  fullThroughput,
  memoryParts,
  studies,
  studyThroughput,
  type ThroughputSettings,
} from '../src/index.ts';
import { measureMemory } from '../src/throughput/measure.ts';
import { compare } from '../src/throughput/results.ts';
import { bytesOn, metered } from '../src/training/meter.ts';
import { recordedParts } from './support.ts';

const model = {
  ...fullThroughput.models[0]!.model,
  hiddenSize: 16,
  layers: 1,
  heads: 2,
  keyValueHeads: 2,
  ffnSize: 24,
  contextLength: 16,
};
const tiny = { name: 'tiny', model, sequence: 16, batches: [2, 1] };
const settings: ThroughputSettings = {
  models: [tiny],
  recipes: ['bf16', 'fp8-smooth', 'fp8-full'],
  rounds: 1,
};
const bytes = new Uint8Array();

let simd: Device;
beforeAll(async () => {
  simd = await createDevice('simd', { threads: 1 });
});
afterAll(() => simd.destroy());

describe('studyThroughput', () => {
  it('measures memory once and speed once a seed, and goes on from the parts that are done', async () => {
    const before = simd.memory().live;
    const { parts, written } = recordedParts();
    const options = { settings, seeds: [1, 2], device: simd, bytes, parts };
    const stop = new AbortController();
    const stopped = studyThroughput({ ...options, signal: stop.signal }, ({ part }) => {
      if (part === 'seed 2, tiny') stop.abort();
    });
    await expect(stopped).rejects.toThrow();
    expect(written).toEqual(['memory.tiny', 'seed-1.tiny']);
    expect(simd.memory().live).toBe(before);

    const { tables, charts, summary } = await studyThroughput(options);
    expect(written).toEqual(['memory.tiny', 'seed-1.tiny', 'seed-2.tiny']);
    expect(tables.speed!.numRows).toBe(2 * 2 * 3); // seeds, batches, recipes
    for (const row of tables.speed!.toArray()) {
      const { recipe, milliseconds, tokensPerSecond, batch, ofBf16, products, fp8Products } = row.toJSON();
      expect(tokensPerSecond).toBeCloseTo((16_000 * batch) / milliseconds, 6);
      if (recipe === 'bf16') expect([ofBf16, fp8Products]).toEqual([1, 0]);
      else expect(fp8Products).toBeGreaterThan(0);
      expect(products).toBeGreaterThan(fp8Products);
      expect(products).toBeLessThan(1);
    }
    expect(Object.keys(charts)).toEqual(['speed', 'memory']);
    expect(JSON.parse(JSON.stringify(charts))).toEqual(charts);
    expect(summary.claims.map(({ values }) => values.length)).toEqual([2, 2, 1, 1]);
    expect(summary.markdown).toContain('No speed-up is to be expected');
    expect(summary.markdown).not.toMatch(/16\.07|17\.34|63\.25|44\.08/); // figures that could not be checked
  });

  it('says null for memory where a device does not store real bytes', async () => {
    const device = createReferenceDevice();
    const { tables, charts, summary } = await studyThroughput({
      settings: { ...settings, models: [{ ...tiny, batches: [1] }] },
      seeds: [1],
      device,
      bytes,
      parts: memoryParts(),
    });
    expect(tables.memory!.toArray().map((row) => row.toJSON().peak)).toEqual([null, null, null]);
    expect(Object.keys(charts)).toEqual(['speed']);
    expect(summary.claims.some(({ text }) => text.includes('memory'))).toBe(false);
    await device.destroy();
  });

  it('has the paper’s recipes in both its forms', () => {
    const { full, quick } = studies.throughput;
    for (const recipe of ['bf16', 'fp32', 'fp8', 'fp8-w3-bf16', 'fp8-smooth', 'fp8-full'])
      expect(full.recipes).toContain(recipe);
    expect(quick.models.map(({ name }) => name)).toEqual(['nano']);
  });
});

describe('measureMemory', () => {
  const specs = parameterSpecs(model);
  /** Bytes a parameter: so many in matrices, 4 in gains, and one float32 scale a tensor where there is one. */
  const expected = (inMatrices: number, scale: 0 | 4): number =>
    specs.reduce((sum, { shape }) => {
      const count = shape.reduce((a, b) => a * b, 1);
      return sum + count * (shape.length > 1 ? inMatrices : 4) + scale;
    }, 0) / countParameters(model);

  it.each([
    ['bf16', 2, 4, 4, 4],
    ['fp32', 4, 4, 4, 4],
    ['fp8-full', 2, 2, 1, 1],
  ])(
    '%s: weights %d, master %d, moments %d and %d bytes',
    async (recipe, weights, master, moment1, moment2) => {
      const [small, large] = await measureMemory(simd, tiny, recipe);
      const { perParameter } = small!;
      expect(perParameter.weights).toBeCloseTo(expected(weights, 0), 9);
      expect(perParameter.master).toBeCloseTo(expected(master, 4), 9);
      expect(perParameter.moment1).toBeCloseTo(expected(moment1, 4), 9);
      expect(perParameter.moment2).toBeCloseTo(expected(moment2, 4), 9);
      expect(perParameter.gradients).toBeGreaterThanOrEqual(2);
      expect([small!.batch, large!.batch]).toEqual([1, 2]);
      expect(large!.peak).toBeGreaterThanOrEqual(small!.peak);
      // Every part lives at once when the optimizer begins.
      const parts = Object.values(perParameter).reduce((a, b) => a + b, 0);
      expect(small!.peak).toBeGreaterThan((parts - perParameter.casts) * countParameters(model));
    },
  );

  it('finds one byte of FP8 copies for every weight of the blocks’ linear layers, none under bf16', async () => {
    const linear = specs.filter(({ name }) => /qkv|attentionOut|gateUp|down/.test(name));
    const weights = linear.reduce((n, { shape }) => n + shape[0]! * shape[1]!, 0);
    const [bf16] = await measureMemory(simd, tiny, 'bf16');
    const [fp8] = await measureMemory(simd, tiny, 'fp8-smooth');
    expect(bf16!.perParameter.casts).toBe(0);
    const copies = fp8!.perParameter.casts * countParameters(model);
    expect(copies).toBeGreaterThanOrEqual(weights);
    expect(copies).toBeLessThan(weights + 16 * linear.length); // and their scales
  });
});

describe('metered', () => {
  it('counts its own tensors only, as the device stores them', () => {
    const other = simd.alloc([100], FP32);
    const meter = metered(simd);
    const a = meter.alloc([10], FP32);
    const b = meter.alloc([10], BF16);
    expect(meter.memory()).toEqual({ live: 60, peak: 60 });
    meter.free(a);
    simd.free(other);
    expect(meter.memory()).toEqual({ live: 20, peak: 60 });
    expect(bytesOn(meter, [b, a])).toBe(60);
    meter.free(b);
    expect(meter.memory().live).toBe(0);
  });
});

describe('compare', () => {
  const speed = (seed: number, recipe: string, milliseconds: number, fp8Products = 0) => ({
    seed,
    model: 'tiny',
    batch: 2,
    recipe,
    milliseconds,
    tokensPerSecond: 1000 / milliseconds,
    products: 0.9,
    fp8Products,
  });

  it('divides by bf16 of the same seed, and halves the FP8 products by arithmetic', () => {
    const [, fp8] = compare(
      { ...settings, models: [{ ...tiny, batches: [2] }], recipes: ['bf16', 'fp8-smooth'] },
      [
        speed(1, 'bf16', 10),
        speed(1, 'fp8-smooth', 20, 0.5),
        speed(2, 'bf16', 30),
        speed(2, 'fp8-smooth', 30, 0.5),
      ],
      [],
    );
    expect(fp8!.ratios).toEqual([0.5, 1]);
    expect(fp8!.ratio.mean).toBe(0.75);
    expect(fp8!.ratio.error).toBeCloseTo(0.25, 12);
    expect(fp8!.withFastProducts).toBeCloseTo(0.75 / 0.75, 12);
    expect(fp8!.peakChange).toBeNull();
  });
});
