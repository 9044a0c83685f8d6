/**
 * @file What a cache of keys and values in few bits costs a trained model, fed a text token by token.
 * @module-tag slow
 */
import { counterRandom } from '@octavo/formats';
import { type CacheFormat, createCache, destroyCache, type Llama, nextLogits } from '@octavo/llama';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchLoss, createDevice, createTraining, trainStep } from '../src/index.ts';
import { tinyModel, tinyPlan } from './support.ts';

const sequence = 32;
const model = {
  ...tinyModel,
  hiddenSize: 48,
  heads: 4,
  keyValueHeads: 2,
  ffnSize: 96,
  contextLength: sequence,
};

/** A window whose second half is its first half again: to go on with it is to look back. */
const window = (seed: number): number[] =>
  Array.from({ length: sequence + 1 }, (_, i) => {
    const half = sequence / 2;
    return Math.floor((counterRandom(seed, i % half) / 2 ** 32) ** 2 * model.vocabularySize);
  });

const batchOf = (seeds: readonly number[]) => {
  const windows = seeds.map(window);
  return {
    tokens: windows.flatMap((w) => w.slice(0, -1)),
    targets: windows.flatMap((w) => w.slice(1)),
  };
};

/** Logits after every token of a window, and the mean of −log p of the tokens that follow. */
async function teacherForced(
  llama: Llama,
  seed: number,
  format?: CacheFormat,
): Promise<{ logits: Float32Array[]; loss: number }> {
  const tokens = window(seed);
  const cache = createCache(llama, format);
  const logits: Float32Array[] = [];
  let loss = 0;
  for (let i = 0; i < sequence; i++) {
    const row = await nextLogits(llama, cache, tokens[i]!);
    logits.push(row);
    const largest = Math.max(...row);
    const sum = row.reduce((a, x) => a + Math.exp(x - largest), 0);
    loss += (Math.log(sum) + largest - row[tokens[i + 1]!]!) / sequence;
  }
  destroyCache(llama, cache);
  return { logits, loss };
}

describe.each(['fp32', 'bf16'])('a model trained in %s', (recipe) => {
  const held = Array.from({ length: 12 }, (_, i) => 100_000 + i);
  let llama: Llama;
  beforeAll(async () => {
    const steps = 300;
    const plan = tinyPlan(recipe, {
      ...{ model, batch: 16, sequence, steps, sampleEvery: 0 },
      schedule: { kind: 'cosine', peak: 5e-3, warmup: 20, steps, floor: 0.1 },
    });
    const training = createTraining(await createDevice('simd', { threads: 1 }), plan);
    for (let step = 0; step < steps; step++)
      await trainStep(training, [batchOf(Array.from({ length: 16 }, (_, i) => step * 16 + i))]);
    llama = training.model;
  }, 120_000);
  afterAll(() => llama.device.destroy());

  it('has learned to look back, and decodes as it was trained', async () => {
    const whole = await batchLoss(llama, batchOf(held), sequence);
    const losses = await Promise.all(held.map(async (seed) => (await teacherForced(llama, seed)).loss));
    const mean = losses.reduce((a, b) => a + b, 0) / held.length;
    expect(mean).toBeCloseTo(whole.loss, 2);
    expect(mean).toBeLessThan(2.4); // about 3.1 nats for tokens drawn thus, of which half are told
  });

  /**
   * Of all logits' range the root mean square of what they move stays within half a rounding of the format (2^-9, 2^-4). A
   * single one may move much further, where attention lies between two tokens and takes the other.
   */
  it.each([
    ['bf16', 0.001, 2 ** -10, 0.02],
    ['fp8', 0.005, 2 ** -5, 0.5],
  ] as const)(
    '%s: perplexity within %d of itself, logits within %d of their range, each within %d',
    async (format, ratio, share, most) => {
      let [usual, kept, moved, squares, count, range] = [0, 0, 0, 0, 0, 0];
      for (const seed of held) {
        const [a, b] = [await teacherForced(llama, seed, 'fp32'), await teacherForced(llama, seed, format)];
        usual += a.loss / held.length;
        kept += b.loss / held.length;
        for (const [t, row] of a.logits.entries())
          for (const [i, x] of row.entries()) {
            const difference = Math.abs(x - b.logits[t]![i]!);
            moved = Math.max(moved, difference);
            squares += difference ** 2;
            count += 1;
            range = Math.max(range, Math.abs(x));
          }
      }
      expect(Math.abs(Math.exp(kept - usual) - 1)).toBeLessThan(ratio);
      expect(Math.sqrt(squares / count) / range).toBeLessThan(share);
      expect(moved / range).toBeLessThan(most);
      if (format === 'fp8' || recipe === 'fp32') expect(moved).toBeGreaterThan(0);
    },
  );
});
