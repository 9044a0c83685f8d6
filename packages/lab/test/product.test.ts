import { createReferenceDevice } from '@octavo/kernels';
import { recipeOf } from '@octavo/nn';
import { afterAll, expect, it } from 'vitest';
import { randomNormals } from '../src/engine/random.ts';
import { memoryParts, studyInstability } from '../src/index.ts';
import { type Column, meanError, type Operands, productIn, withOutlier } from '../src/instability/product.ts';
import { textWithRareByte, tinyStudy } from './support.ts';

const device = createReferenceDevice();
afterAll(() => device.destroy());

const [T, F, D] = [24, 20, 16];
const normals = (seed: number, count: number) => Float32Array.from(randomNormals(seed, 1, count));
const plain: Operands = { h: normals(1, T * F), weight: normals(2, D * F), ffn: F };

it('the outlier is on one token, its column as it was or small', () => {
  const ordinary = withOutlier(plain, 1e5, 'ordinary');
  const channel = ordinary.h.indexOf(1e5);
  expect(ordinary.weight).toEqual(plain.weight);
  for (let t = 1; t < T; t++) expect(ordinary.h[t * F + channel]).toBe(0);
  const others = (values: Float32Array) => values.filter((_, i) => i % F !== channel);
  const small = withOutlier(plain, 1e5, 'small');
  for (const { h, weight } of [ordinary, small]) {
    expect(others(h)).toEqual(others(plain.h));
    expect(others(weight)).toEqual(others(plain.weight));
  }
  // Its part of the output: 0.3 of the mean norm of the product's rows.
  const part = Math.hypot(...Array.from({ length: D }, (_, i) => 1e5 * small.weight[i * F + channel]!));
  const rows = Array.from({ length: T }, (_, t) =>
    Math.hypot(
      ...Array.from({ length: D }, (_, i) =>
        Array.from({ length: F }, (_, j) => plain.h[t * F + j]! * plain.weight[i * F + j]!).reduce(
          (a, b) => a + b,
        ),
      ),
    ),
  );
  expect(part).toBeCloseTo((0.3 * rows.reduce((a, b) => a + b)) / T, 4);
});

it('folded, an ordinary column takes all other channels with it; small, or by the equation, it takes none', async () => {
  const errorOf = async (recipe: string, column: Column): Promise<number> => {
    const operands = withOutlier(plain, 1e7, column);
    const [got, exact] = [
      await productIn(device, recipeOf(recipe), operands),
      await productIn(device, recipeOf('fp32'), operands),
    ];
    const difference = got.subarray(D).map((v, i) => v - exact[D + i]!);
    return Math.hypot(...difference) / Math.hypot(...exact.subarray(D));
  };
  expect(await errorOf('fp8-smooth', 'ordinary')).toBeLessThan(0.06);
  expect(await errorOf('fp8-smooth', 'small')).toBeLessThan(0.06);
  expect(await errorOf('fp8-smooth-folded', 'small')).toBeLessThan(0.06);
  expect(await errorOf('fp8-smooth-folded', 'ordinary')).toBeGreaterThan(0.9);
});

it('is a part of the study: a row a layer, column, outlier and recipe, and claims on both forms', async () => {
  const before = device.memory().live;
  const settings = {
    ...tinyStudy,
    recipes: ['bf16'],
    controls: [],
    doses: [],
    baseSteps: 1,
    steps: 2,
    outliers: [1e3, 1e7],
    productRecipes: ['fp8-smooth', 'fp8-smooth-folded'],
  };
  const bytes = textWithRareByte();
  const { tables, charts, summary } = await studyInstability({
    settings,
    seeds: [1],
    device,
    bytes,
    parts: memoryParts(),
  });
  expect(JSON.parse(JSON.stringify(charts.product))).toEqual(charts.product);
  const rows = [...tables.products!].map((row) => row.toJSON());
  expect(rows).toHaveLength(settings.model.layers * 2 * 2 * 2);
  expect(rows.every(({ error }) => error > 0 && error < 2)).toBe(true);
  expect(
    summary.claims.filter(({ text }) => /fp8-smooth-folded, an outlier of 1e\+7/.test(text)),
  ).toHaveLength(2);
  expect(summary.markdown).toMatch(/\| ordinary \| fp8-smooth-folded \| [\d.]+ \| [\d.]+ \|/);
  expect(
    meanError(rows as never, { seed: 1, column: 'small', outlier: 1e3, recipe: 'fp8-smooth' }),
  ).toBeGreaterThan(0);
  expect(device.memory().live).toBe(before);
});
