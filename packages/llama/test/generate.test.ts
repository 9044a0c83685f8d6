import { createScope } from '@octavo/kernels';
import { recipeOf } from '@octavo/nn';
import { describe, expect, it } from 'vitest';
import {
  createCache,
  destroyCache,
  forward,
  generate,
  type LlamaConfig,
  nextLogits,
  sample,
} from '../src/index.ts';
import { batchOf, buildModel, tokenRows } from './support.ts';

const config: LlamaConfig = {
  vocabularySize: 32,
  hiddenSize: 16,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  ffnSize: 24,
  contextLength: 8,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tiedHead: false,
};

describe('generation with a cache of keys and values', () => {
  it.each(['fp32', 'bf16'])('%s: the same logits as running the whole sequence', async (recipe) => {
    const model = buildModel(config, recipeOf(recipe));
    const [row] = tokenRows(1, 9, 32);
    const { input } = batchOf(model, [row!]);
    const scope = createScope(model.device);
    const whole = await model.device.read(
      forward(model, { device: model.device, scope, tape: null, precision: model.precision }, input).value,
    );
    const cache = createCache(model);
    for (let i = 0; i < 8; i++) {
      const logits = await nextLogits(model, cache, row![i]!);
      for (let v = 0; v < 32; v++)
        expect(logits[v]).toBeCloseTo(whole[i * 32 + v]!, recipe === 'fp32' ? 5 : 1);
    }
    await expect(nextLogits(model, cache, 0)).rejects.toThrow(
      /context is full: got token 9, expected at most 8/,
    );
    destroyCache(model, cache);
  });

  it('depends on the seed only, runs past the context, and stops where told', async () => {
    const model = buildModel(config, recipeOf('bf16'));
    const text = async (seed: number, stop: number | null = null) => {
      const tokens: number[] = [];
      for await (const token of generate(model, [1, 2], { count: 20, temperature: 1, seed, stop }))
        tokens.push(token);
      return tokens;
    };
    const first = await text(1);
    expect(first).toHaveLength(20);
    expect(await text(1)).toEqual(first);
    expect(await text(2)).not.toEqual(first);
    expect(await text(1, first[5]!)).toEqual(first.slice(0, first.indexOf(first[5]!)));
  });

  it('keeps the first tokens when the context moves on', async () => {
    const model = buildModel(config, recipeOf('fp32'));
    const after = async (prompt: number[], keep: number) =>
      (await generate(model, prompt, { count: 1, temperature: 0, seed: 1, keep }).next()).value;
    const bestAfter = async (tokens: number[]) => {
      const cache = createCache(model);
      let logits = new Float32Array();
      for (const token of tokens)
        logits = (await nextLogits(model, cache, token)) as Float32Array<ArrayBuffer>;
      destroyCache(model, cache);
      return sample(logits, { temperature: 0, seed: 1 }, 0);
    };
    for (let seed = 0; seed < 10; seed++) {
      const prompt = Array.from({ length: 20 }, (_, i) => (seed * 7 + i * i * 5 + 3) % 32);
      expect(await after(prompt, 1)).toBe(await bestAfter([prompt[0]!, ...prompt.slice(-7)]));
      expect(await after(prompt, 3)).toBe(await bestAfter([...prompt.slice(0, 3), ...prompt.slice(-5)]));
      expect(await after(prompt, 0)).toBe(await bestAfter(prompt.slice(-8)));
    }
    // A full context moves on by half: the begin token, and the latest three of the four that are kept.
    const prompt = [9, 2, 3, 4, 5, 6, 7, 8];
    const made: number[] = [];
    for await (const token of generate(model, prompt, { count: 2, temperature: 0, seed: 1 }))
      made.push(token);
    expect(made[1]).toBe(await bestAfter([9, 7, 8, made[0]!]));
  });

  it('does not end a text that has not begun', async () => {
    const model = buildModel(config, recipeOf('bf16'));
    for (let seed = 0; seed < 60; seed++) {
      const { value } = await generate(model, [7], { count: 1, temperature: 9, seed, stop: 7 }).next();
      expect(value).toBeTypeOf('number');
    }
  });

  it('draws no token that a smaller vocabulary lacks', async () => {
    const model = buildModel(config, recipeOf('bf16'));
    const vocabulary = 3;
    const tokens: number[] = [];
    for await (const token of generate(model, [1], { count: 30, temperature: 5, seed: 1, vocabulary }))
      tokens.push(token);
    expect(new Set(tokens)).toEqual(new Set([0, 1, 2]));
  });

  it('refuses an empty prompt and unknown tokens', async () => {
    const model = buildModel(config, recipeOf('bf16'));
    const run = (prompt: number[]) => generate(model, prompt, { count: 1, temperature: 0, seed: 0 }).next();
    await expect(run([])).rejects.toThrow(/empty prompt/);
    await expect(run([32])).rejects.toThrow(/got token 32, expected 0 to 31/);
  });
});

describe('sample', () => {
  it('takes the best at temperature 0 and follows the probabilities otherwise', () => {
    const logits = [0, Math.log(2), Math.log(5)];
    expect(sample(logits, { temperature: 0, seed: 1 }, 0)).toBe(2);
    const counts = [0, 0, 0];
    for (let i = 0; i < 20_000; i++) counts[sample(logits, { temperature: 1, seed: 3 }, i)]! += 1;
    for (const [i, p] of [1 / 8, 2 / 8, 5 / 8].entries()) expect(counts[i]! / 20_000).toBeCloseTo(p, 1.7);
    for (let i = 0; i < 200; i++) expect(sample(logits, { temperature: 1, seed: 3, topK: 2 }, i)).not.toBe(0);
  });

  it.each([
    ['NaN first', [Number.NaN, 1, 2], 'got NaN for token 0'],
    ['NaN later', [1, Number.NaN], 'got NaN for token 1'],
    ['+∞', [1, Number.POSITIVE_INFINITY], 'got Infinity for token 1'],
    ['nothing but −∞', [Number.NEGATIVE_INFINITY], 'got none that is finite'],
    ['nothing', [], 'got none'],
  ])('refuses %s, at any temperature', (_, logits, message) => {
    for (const temperature of [0, 1])
      expect(() => sample(logits, { temperature, seed: 1 }, 0)).toThrow(message);
  });

  it('never draws a token whose logit is −∞', () => {
    for (let i = 0; i < 100; i++)
      expect(sample([Number.NEGATIVE_INFINITY, 0], { temperature: 9, seed: 1 }, i)).toBe(1);
  });

  it.each([
    [{ temperature: Number.NaN, seed: 1 }, 'temperature: got NaN'],
    [{ temperature: -1, seed: 1 }, 'temperature: got -1'],
    [{ temperature: 1, seed: 1, topK: 0.5 }, 'topK: got 0.5'],
  ])('refuses %j', (sampling, message) => {
    expect(() => sample([1, 2], sampling, 0)).toThrow(message);
  });
});
