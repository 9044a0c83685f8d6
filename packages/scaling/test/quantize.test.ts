/** @file Quantised matrices against the definition, element by element. */
import { decode, E2M1, E4M3FN, E5M2, encode, OctavoError, sqnr } from '@octavo/formats';
import { describe, expect, test } from 'vitest';
import {
  blockAmax,
  blockOf,
  delayed,
  dequantize,
  fixed,
  type Granularity,
  initState,
  mx,
  observe,
  quantize,
} from '../src/index.ts';

const [ROWS, COLUMNS] = [37, 70];
/** Rows and columns of very different sizes, zeros and an outlier. */
const MATRIX = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => {
  const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
  if (column === 5 || row === 3) return 0;
  return i === 1000 ? 700 : Math.sin(i * 1.7) * 4 ** ((row % 5) - 2) * 3 ** ((column % 7) - 3);
});

const GRANULARITIES: readonly Granularity[] = [
  { kind: 'tensor' },
  { kind: 'row' },
  { kind: 'channel' },
  { kind: 'block', rows: 1, columns: 16 },
  { kind: 'block', rows: 8, columns: 16 },
  { kind: 'mx', axis: 'row' },
  { kind: 'mx', axis: 'column' },
];

describe.each(GRANULARITIES)('%o', (granularity) => {
  const block = blockOf(granularity, ROWS, COLUMNS);
  const across = Math.ceil(COLUMNS / block.columns);
  const slot = (row: number, column: number) =>
    Math.floor(row / block.rows) * across + Math.floor(column / block.columns);

  test('amax, scales, codes and values are those of the definition', () => {
    const result = quantize(MATRIX, ROWS, COLUMNS, { format: E4M3FN, granularity });
    const values = dequantize(result);
    const amax = new Map<number, number>();
    for (let i = 0; i < MATRIX.length; i++) {
      const at = slot(Math.floor(i / COLUMNS), i % COLUMNS);
      amax.set(at, Math.max(amax.get(at) ?? 0, Math.abs(MATRIX[i]!)));
    }
    expect(result.block).toEqual(block);
    expect([...result.amax]).toEqual([...amax.entries()].sort((a, b) => a[0] - b[0]).map(([, a]) => a));
    MATRIX.forEach((x, i) => {
      const scale = result.scales[slot(Math.floor(i / COLUMNS), i % COLUMNS)]!;
      const code = encode(E4M3FN, Math.fround(x * scale));
      expect(result.codes[i]).toBe(code);
      expect(values[i]).toBe(Math.fround(decode(E4M3FN, code) / scale));
    });
  });

  test('MX scales never make an element overflow', () => {
    for (const format of [E4M3FN, E5M2, E2M1]) {
      const result = quantize(MATRIX, ROWS, COLUMNS, {
        format,
        granularity,
        policy: mx(),
        overflow: 'special',
      });
      expect([...dequantize(result)].every(Number.isFinite)).toBe(true);
      expect(result.amax.every((amax, i) => amax * result.scales[i]! <= format.max)).toBe(true);
      expect(result.scales.every((scale) => Number.isInteger(Math.log2(scale)))).toBe(true);
    }
  });
});

test('finer scales lose less where rows differ', () => {
  const error = (granularity: Granularity) =>
    sqnr(MATRIX, dequantize(quantize(MATRIX, ROWS, COLUMNS, { format: E2M1, granularity })));
  expect(error({ kind: 'block', rows: 1, columns: 16 })).toBeGreaterThan(error({ kind: 'tensor' }) + 3);
});

test('a delayed policy casts with what it knew before', () => {
  const policy = delayed({ history: 4 });
  const options = { format: E4M3FN, policy };
  let state = initState(policy, 1);
  const first = quantize(Float32Array.of(1, -2), 1, 2, { ...options, state });
  expect([...first.scales]).toEqual([224]);
  state = observe(policy, state, first.amax);
  const second = quantize(Float32Array.of(100, 1), 1, 2, { ...options, state });
  expect([...second.scales]).toEqual([224]);
  expect([...dequantize(second)]).toEqual([2, 1]); // 100 is clipped at the maximum of before
  state = observe(policy, state, second.amax);
  expect([...quantize(Float32Array.of(1), 1, 1, { ...options, state }).amax]).toEqual([1]);
  expect(state.amax).toEqual([100]);
});

test('fixed scales, zeros, nothing at all', () => {
  expect([...quantize(Float32Array.of(1, 2), 1, 2, { format: E4M3FN, policy: fixed(4) }).codes]).toEqual([
    0x48, 0x50,
  ]);
  const zeros = quantize(new Float32Array(64), 2, 32, {
    format: E4M3FN,
    granularity: { kind: 'mx', axis: 'row' },
  });
  expect([...zeros.scales]).toEqual([1, 1]);
  expect(dequantize(zeros)).toEqual(new Float32Array(64));
  expect(quantize(new Float32Array(0), 0, 4, { format: E4M3FN }).codes).toHaveLength(0);
});

test('stochastic rounding depends on the seed alone', () => {
  const options = { format: E4M3FN, rounding: 'stochastic', seed: 3 } as const;
  const once = quantize(MATRIX, ROWS, COLUMNS, options);
  expect(quantize(MATRIX, ROWS, COLUMNS, options).codes).toEqual(once.codes);
  expect(quantize(MATRIX, ROWS, COLUMNS, { ...options, seed: 4 }).codes).not.toEqual(once.codes);
});

test('NaN is seen in the maximum, and the scale is 1', () => {
  const result = quantize(Float32Array.of(1, Number.NaN), 1, 2, { format: E4M3FN });
  expect(result.amax[0]).toBeNaN();
  expect([...result.scales]).toEqual([1]);
  expect([...dequantize(result)]).toEqual([1, Number.NaN]);
  expect([...blockAmax([1, -3, Number.NEGATIVE_INFINITY, 2], 2, 2, { rows: 1, columns: 2 })]).toEqual([
    3,
    Number.POSITIVE_INFINITY,
  ]);
});

test('refusals', () => {
  expect(() => quantize(new Float32Array(5), 2, 3, { format: E4M3FN })).toThrow(
    'got 5 values, expected 2 × 3 = 6',
  );
  const policy = delayed();
  const state = initState(policy, 2);
  expect(() => quantize(new Float32Array(6), 2, 3, { format: E4M3FN, policy, state })).toThrow(OctavoError);
  const result = quantize(new Float32Array(6), 2, 3, { format: E4M3FN });
  expect(() => dequantize({ ...result, scales: new Float32Array(3) })).toThrow(
    'got 3 scales, expected 1 × 1',
  );
});
