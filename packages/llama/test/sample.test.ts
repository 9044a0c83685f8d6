import { counterRandom } from '@octavo/formats';
import { describe, expect, it } from 'vitest';
import { type Sampling, sample } from '../src/index.ts';

/** The plain way: all logits in order, then down the probabilities. */
function plain(logits: readonly number[], { temperature, seed, topK }: Sampling, position: number): number {
  const order = logits.map((_, i) => i).sort((a, b) => logits[b]! - logits[a]! || a - b);
  const candidates = topK ? order.slice(0, topK) : order;
  const best = logits[order[0]!]!;
  if (temperature === 0) return order[0]!;
  const weights = candidates.map((i) => Math.exp((logits[i]! - best) / temperature));
  let left = (counterRandom(seed, position) / 2 ** 32) * weights.reduce((a, b) => a + b, 0);
  for (const [at, i] of candidates.entries()) {
    left -= weights[at]!;
    if (left < 0) return i;
  }
  return candidates[candidates.length - 1]!;
}

const noise = (i: number): number => counterRandom(5, i) / 2 ** 32 - 0.5;

describe('sample puts in order only what it needs, and draws what sorting all would', () => {
  const kinds: readonly (readonly [string, (i: number) => number])[] = [
    ['peaked', (i) => 30 * noise(i) ** 3],
    ['flat', (i) => noise(i) / 100],
    ['of few values', (i) => Math.round(4 * noise(i))],
    ['all alike', () => 1],
    ['rising', (i) => i / 100],
    ['mostly −∞', (i) => (i % 9 ? Number.NEGATIVE_INFINITY : noise(i))],
  ];
  it.each(kinds)('%s', (_, of) => {
    for (const length of [1, 2, 63, 65, 1000, 4001]) {
      const logits = Array.from({ length }, (_, i) => of(i));
      for (const topK of [0, 1, 5, 40, 5000])
        for (const temperature of [0, 0.1, 0.8, 3])
          for (let position = 0; position < 4; position++) {
            const sampling = { temperature, seed: 11, topK };
            const got = sample(Float32Array.from(logits), sampling, position);
            const stored = Array.from(Float32Array.from(logits));
            expect(got, `${length} ${topK} ${temperature}`).toBe(plain(stored, sampling, position));
          }
    }
  });
});
