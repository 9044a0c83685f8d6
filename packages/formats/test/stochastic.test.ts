/** @file Stochastic rounding: exact on the grid, up with the probability of the fraction, the same for the same seed. */
import { describe, expect, test } from 'vitest';
import {
  BF16,
  decode,
  decodeArray,
  E4M3FN,
  E4M3FNUZ,
  E5M2,
  E8M0,
  encode,
  encodeArray,
  FP16,
  formats,
  round,
  roundArray,
} from '../src/index.ts';
import { grid, LAYOUTS } from './support/oracle.ts';

const DRAWS = 1 << 16;

describe.each(Object.keys(LAYOUTS))('%s', (name) => {
  const format = formats[name]!;
  const values = grid(name);
  const codes = [
    1,
    2,
    1 << format.mantissaBits,
    Math.floor(LAYOUTS[name]!.maxCode / 2),
    LAYOUTS[name]!.maxCode - 1,
  ];

  test('goes up exactly where the fraction exceeds the draw', () => {
    for (const code of codes) {
      const [low, high] = [values[code]!, values[code + 1]!];
      for (const fraction of [1, 3, 8, 9, 15]) {
        const x = low + ((high - low) * fraction) / 16;
        expect(round(format, x, 'stochastic', 'saturate', (fraction / 16) * 2 ** 32 - 256)).toBe(high);
        expect(round(format, x, 'stochastic', 'saturate', (fraction / 16) * 2 ** 32)).toBe(low);
        expect(encode(format, -x, { rounding: 'stochastic', random: 0 })).toBe(
          code + 1 + LAYOUTS[name]!.sign,
        );
        expect(encode(format, -x, { rounding: 'stochastic', random: 0xffffff00 })).toBe(
          code + LAYOUTS[name]!.sign,
        );
      }
    }
  });

  test('is unbiased', () => {
    for (const code of [0, ...codes]) {
      const [low, high] = [values[code]!, values[code + 1]!];
      for (const fraction of [1 / 64, 0.25, 0.6875, 63 / 64]) {
        const x = low + (high - low) * fraction;
        const rounded = roundArray(format, new Float32Array(DRAWS).fill(x), undefined, {
          rounding: 'stochastic',
          seed: code + 1,
        });
        let up = 0;
        for (const value of rounded) {
          if (value !== low && value !== high) expect([low, high]).toContain(value);
          if (value === high) up++;
        }
        const deviation = Math.sqrt(fraction * (1 - fraction) * DRAWS);
        expect(Math.abs(up - fraction * DRAWS)).toBeLessThan(5 * deviation);
      }
    }
  });

  test('leaves the grid alone', () => {
    const all = Float32Array.from(values.subarray(0, LAYOUTS[name]!.maxCode + 1));
    for (const seed of [0, 1, 0xffffffff]) {
      expect(roundArray(format, all, undefined, { rounding: 'stochastic', seed })).toEqual(all);
    }
  });
});

test('the fraction is taken of the number scaled', () => {
  const codes = encodeArray(E4M3FN, new Float32Array(DRAWS).fill(1), undefined, {
    rounding: 'stochastic',
    scale: 1.0625,
    seed: 3,
  });
  const mean = decodeArray(E4M3FN, codes).reduce((sum, x) => sum + x, 0) / DRAWS;
  expect(Math.abs(mean - 1.0625)).toBeLessThan(0.002);
});

test('what lies above the largest value saturates, or overflows where the nearest does, with the probability of the fraction', () => {
  const cast = (x: number, overflow: 'saturate' | 'special') =>
    roundArray(E4M3FN, new Float32Array(DRAWS).fill(x), undefined, { rounding: 'stochastic', overflow });
  const above = 472; // three quarters of the way from 448 to 480
  expect(cast(above, 'saturate').every((x) => x === 448)).toBe(true);
  const special = cast(above, 'special');
  const nan = special.filter((x) => Number.isNaN(x)).length;
  expect(Math.abs(nan / DRAWS - 0.75)).toBeLessThan(0.01);
  expect(special.every((x) => x === 448 || Number.isNaN(x))).toBe(true);
  for (const x of [448 * (1 + 2 ** -23), 456, 464])
    expect(cast(x, 'special').every((y) => y === 448)).toBe(true);
});

test('the last bits of a scale throw no largest value out of any format', () => {
  for (const format of [E4M3FN, E4M3FNUZ, E5M2, FP16, BF16]) {
    const x = Math.fround(format.max * (1 + 2 ** -23));
    const draws = new Float32Array(DRAWS).fill(x);
    const options = { rounding: 'stochastic', overflow: 'special', seed: 3 } as const;
    expect(new Set(roundArray(format, draws, undefined, options)), format.name).toEqual(
      new Set([format.max]),
    );
    // the greatest chance there is: every random bit zero
    expect(round(format, x, 'stochastic', 'special', 0), format.name).toBe(format.max);
    expect(round(format, -x, 'stochastic', 'special', 0), format.name).toBe(-format.max);
  }
});

test('a negative number that vanishes has no sign in FNUZ', () => {
  const codes = encodeArray(E4M3FNUZ, new Float32Array(1000).fill(-(2 ** -12)), undefined, {
    rounding: 'stochastic',
  });
  expect(new Set(codes)).toEqual(new Set([0x00, 0x81]));
});

test('E8M0 rounds up half way between 2 and 4 half of the time', () => {
  const codes = encodeArray(E8M0, new Float32Array(4096).fill(3), undefined, { rounding: 'stochastic' });
  const up = codes.filter((code: number) => decode(E8M0, code) === 4).length;
  expect(Math.abs(up - 2048)).toBeLessThan(160);
});

test('seed and position decide, not how the array is cut', () => {
  const source = Float32Array.from({ length: 10_000 }, (_, i) => Math.sin(i));
  const options = { rounding: 'stochastic', seed: 7 } as const;
  const whole = encodeArray(E4M3FN, source, undefined, options);
  expect(encodeArray(E4M3FN, source, undefined, options)).toEqual(whole);
  expect(encodeArray(E4M3FN, source, undefined, { ...options, seed: 8 })).not.toEqual(whole);
  for (const scale of [1, 3]) {
    const all = encodeArray(E4M3FN, source, undefined, { ...options, scale });
    const tail = encodeArray(E4M3FN, source.subarray(1234), undefined, { ...options, scale, offset: 1234 });
    expect(tail).toEqual(all.subarray(1234));
  }
});
