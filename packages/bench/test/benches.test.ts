import { describe, expect, it } from 'vitest';
import { measureCost, parts } from '../src/cost.ts';
import { costSeries } from '../src/cost-series.ts';
import {
  benches,
  createPlainDevice,
  jsonRows,
  runBenches,
  stepPlan,
  toMarkdown,
  toText,
} from '../src/index.ts';
import { powerLaw } from '../src/power-law.ts';
import { createProfile, profiled, replayProducts } from '../src/profile.ts';
import { alternate, median } from '../src/timing.ts';

/** Noise may bring these to nothing, and an operator may be absent under a recipe. */
const mayBeZero = (table: string, key: string) =>
  key === 'statistics' || table.startsWith('breakdown') || (table.startsWith('cost') && key in parts);

describe('the benches, in their quick form', { tags: 'slow' }, () => {
  it.each(benches)('%s: every figure is a finite positive number', async (name) => {
    const ids: string[] = [];
    for await (const table of runBenches({ only: [name], threads: 2, quick: true })) {
      ids.push(table.id);
      expect(table.rows.length).toBeGreaterThan(1);
      if (table.id === 'cost exponents') continue; // of two tiny steps: anything
      for (const row of table.rows) {
        for (const { key } of table.columns) {
          const value = row.values[key] ?? (mayBeZero(table.id, key) ? 0 : Number.NaN);
          expect(Number.isFinite(value) && value >= 0, `${row.name} ${key}: ${value}`).toBe(true);
          if (!mayBeZero(table.id, key)) expect(value, `${row.name} ${key}`).toBeGreaterThan(0);
        }
      }
      expect(jsonRows(table)).toHaveLength(table.rows.length);
      expect(toText(table).split('\n').length).toBeGreaterThan(table.rows.length);
      expect(toMarkdown(table)).toContain(`## ${table.title}`);
    }
    expect(ids[0]).toBe(name === 'cost' ? 'cost tokens' : name);
    if (name === 'cost') expect(ids[1]).toBe('cost exponents');
    if (name === 'step') expect(ids[1]).toMatch(/^breakdown/);
  });

  it('of its optimizer fp8-full keeps little more than 4 bytes a parameter, bf16 12', async () => {
    for await (const table of runBenches({ only: ['step'], threads: 1, quick: true })) {
      if (table.id !== 'step') continue;
      const state = (recipe: string) =>
        table.rows.find((row) => row.name.endsWith(recipe))!.values.state_bytes!;
      expect(state('bf16')).toBeCloseTo(12, 1);
      expect(state('fp8-full')).toBeGreaterThan(4);
      expect(state('fp8-full')).toBeLessThan(4.1); // gains stay in float32, and each tensor has scales
    }
  });
});

describe('the plan of cost', () => {
  it('a power law is found where there is one', () => {
    const law = powerLaw([1, 2, 5, 9].map((x) => [x, 3 * x ** 1.5]))!;
    expect(law.exponent).toBeCloseTo(1.5, 12);
    expect(law.factor).toBeCloseTo(3, 12);
    expect(law.fit).toBeCloseTo(1, 12);
  });

  it('and beside noise by least squares, by hand', () => {
    // logarithms (0, 0), (1, 2), (2, 2): slope 1, R² 2² / (2 · 8/3)
    const law = powerLaw([0, 1, 2].map((i) => [Math.E ** i, Math.E ** [0, 2, 2][i]!]))!;
    expect(law.exponent).toBeCloseTo(1, 12);
    expect(law.fit).toBeCloseTo(0.75, 12);
  });

  it('one point has none', () => {
    expect(powerLaw([[4, 2]])).toBeNull();
    expect(powerLaw([])).toBeNull();
  });

  it('a step that does not fit the device has no cost', async () => {
    const largest = { ...costSeries[0]!.cases.at(-1)!, batch: 4096 };
    expect(await measureCost(() => createPlainDevice(1), largest, stepPlan(largest, 'fp32'), 1)).toBeNull();
  });

  it('models grow from a quarter of a million to 110 million parameters', () => {
    const [{ of, cases }] = costSeries as [(typeof costSeries)[number]];
    expect(cases.map((one) => Math.round(of(one) / 1e5) / 10)).toEqual([0.3, 0.8, 15.2, 41.7, 109.5]);
  });
});

describe('timing', () => {
  it('takes the median of subjects in turns', async () => {
    const order: string[] = [];
    const times = await alternate([() => void order.push('a'), () => void order.push('b')], {
      rounds: 3,
      leastMs: 0,
    });
    expect(order.join('')).toBe(`aabb${'ab'.repeat(3)}`); // two calls each to warm up and to count
    expect(times).toHaveLength(2);
    expect(median([5, 1, 9])).toBe(5);
    expect(median([4, 1, 9, 2])).toBe(3);
  });

  it('a profiled device notes products once a kind, and runs them again', async () => {
    const { createReferenceDevice, createScope } = await import('@octavo/kernels');
    const { prepareGemm, F32, square } = await import('../src/gemm.ts');
    const profile = createProfile();
    const device = profiled(createReferenceDevice(), profile);
    const run = prepareGemm(device, createScope(device), square(4), F32);
    profile.recording = true;
    await run();
    await run();
    profile.recording = false;
    const [kind] = profile.products.values();
    expect(profile.products.size).toBe(1);
    expect(kind).toMatchObject({ calls: 2, flops: 128, out: { shape: [4, 4] } });
    expect([...profile.operators.keys()]).toEqual(['gemm fp32×fp32']);
    expect(await replayProducts(device, profile, 1)).toBeGreaterThan(0);
  });
});
