import { describe, expect, it } from 'vitest';
import { benches, jsonRows, runBenches, toMarkdown, toText } from '../src/index.ts';
import { createProfile, profiled, replayProducts } from '../src/profile.ts';
import { alternate, median } from '../src/timing.ts';

/** Noise may bring these to nothing, and an operator may be absent under a recipe. */
const mayBeZero = (table: string, key: string) => key === 'statistics' || table.startsWith('breakdown');

describe('the benches, in their quick form', { tags: 'slow' }, () => {
  it.each(benches)('%s: every figure is a finite positive number', async (name) => {
    const ids: string[] = [];
    for await (const table of runBenches({ only: [name], threads: 2, quick: true })) {
      ids.push(table.id);
      expect(table.rows.length).toBeGreaterThan(1);
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
    expect(ids[0]).toBe(name);
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
