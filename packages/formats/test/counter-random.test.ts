/** @file The counter-based generator: the documented formula, and randomness enough for rounding. */
import { expect, test } from 'vitest';
import { counterRandom, streamSeed } from '../src/index.ts';

const M = 0xffffffffn;
function mix(x: bigint): bigint {
  x = ((x ^ (x >> 16n)) * 0x21f0aaadn) & M;
  x = ((x ^ (x >> 15n)) * 0x735a2d97n) & M;
  return x ^ (x >> 15n);
}

test('equals the formula in big integers', () => {
  for (const seed of [0, 1, 42, 0x80000000, 0xffffffff]) {
    for (const index of [0, 1, 2, 1000, 0x7fffffff, 0xfffffffe]) {
      const expected = mix(mix(BigInt(index) ^ 0x9e3779b9n) ^ BigInt(seed)) & 0xffffff00n;
      expect(counterRandom(seed, index)).toBe(Number(expected));
      expect(streamSeed(seed, index, 3)).toBe(Number(mix(mix(mix(BigInt(index)) ^ BigInt(seed)) ^ 3n)));
    }
  }
});

test('stays within 24 high bits, and knows seed and index modulo 2^32', () => {
  for (let i = 0; i < 1000; i++) {
    const r = counterRandom(5, i);
    expect(r % 256 === 0 && r >= 0 && r < 2 ** 32).toBe(true);
    expect(counterRandom(5 + 2 ** 32, i + 2 ** 32)).toBe(r);
  }
});

/** Chi-square of counts against a uniform distribution, in standard deviations from its mean. */
function excess(counts: number[], draws: number): number {
  const expected = draws / counts.length;
  const chi = counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  return (chi - (counts.length - 1)) / Math.sqrt(2 * (counts.length - 1));
}

test.each([0, 1, 12345, 0xdeadbeef])(
  'seed %d: uniform, uncorrelated with neighbours in index and in seed',
  (seed) => {
    const draws = 1 << 17;
    const uniform = (s: number, i: number) => counterRandom(s, i) / 2 ** 32 - 0.5;
    const counts = new Array<number>(256).fill(0);
    const pairs = new Array<number>(256).fill(0);
    const bits = new Array<number>(24).fill(0);
    let mean = 0;
    let nextIndex = 0;
    let nextSeed = 0;
    for (let i = 0; i < draws; i++) {
      const r = counterRandom(seed, i);
      counts[r >>> 24]!++;
      pairs[((r >>> 28) << 4) | (counterRandom(seed, i + 1) >>> 28)]!++;
      for (let bit = 0; bit < 24; bit++) bits[bit]! += (r >>> (8 + bit)) & 1;
      const u = uniform(seed, i);
      mean += u;
      nextIndex += u * uniform(seed, i + 1);
      nextSeed += u * uniform(seed + 1, i);
    }
    const deviation = Math.sqrt(draws / 12);
    expect(Math.abs(mean)).toBeLessThan(4.5 * deviation);
    expect(Math.abs(nextIndex)).toBeLessThan((4.5 * Math.sqrt(draws)) / 12);
    expect(Math.abs(nextSeed)).toBeLessThan((4.5 * Math.sqrt(draws)) / 12);
    expect(Math.abs(excess(counts, draws))).toBeLessThan(4.5);
    expect(Math.abs(excess(pairs, draws))).toBeLessThan(4.5);
    for (const ones of bits) expect(Math.abs(ones - draws / 2)).toBeLessThan(4.5 * Math.sqrt(draws / 4));
  },
);
